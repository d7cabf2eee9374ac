//! The operator's AWS configuration: profile, region, credentials and endpoint, and the signature of a request.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_types::body::SdkBody;
use aws_types::service_config::ServiceConfigKey;
use bytes::Bytes;
use http::Request;
use tokio::sync::Mutex;

use super::http_client::credentials_http_client;
use crate::{
    error::{CliError, error_chain},
    exit_status::ExitStatus,
};

/// Credentials that expire sooner than this are refreshed.
const EXPIRY_MARGIN: Duration = Duration::from_secs(60);
/// The headers that the signature covers besides host and date.
const SIGNED_HEADERS: [(&str, &str); 1] = [("content-type", "application/json")];

/// The resolved configuration, and the credentials once they are loaded.
pub(super) struct AwsSession {
    config: SdkConfig,
    region: String,
    credentials: Mutex<Option<Credentials>>,
}

impl std::fmt::Debug for AwsSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsSession").field("region", &self.region).finish_non_exhaustive()
    }
}

impl AwsSession {
    /// Loads the environment and the configuration files.
    ///
    /// # Errors
    /// No region is configured.
    pub(super) async fn load(profile: Option<String>, region: Option<String>) -> Result<Self, CliError> {
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(credentials_http_client());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        let region = config.region().map(|region| region.as_ref().to_owned()).filter(|name| !name.is_empty());
        let region = region.ok_or_else(|| {
            CliError::usage("no AWS region: set AWS_REGION or the profile's region, or pass --region")
        })?;
        Ok(Self { config, region, credentials: Mutex::default() })
    }

    /// The endpoint of a service: from the environment or the profile, for this service or for all, else that of AWS.
    pub(super) fn endpoint(&self, service_id: &str, host: &str) -> String {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url");
        let configured = key.build().ok().zip(self.config.service_config());
        let configured = configured.and_then(|(key, service)| service.load_config(key));
        let configured = configured.or_else(|| self.config.endpoint_url().map(str::to_owned));
        configured.unwrap_or_else(|| {
            // Other partitions of AWS need AWS_ENDPOINT_URL_LAMBDA.
            let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://{host}.{}.{suffix}", self.region)
        })
    }

    /// Builds a signed POST request with a JSON body.
    ///
    /// # Errors
    /// There are no credentials, or they cannot be loaded.
    pub(super) async fn sign_request(
        &self,
        url: &str,
        service: &str,
        body: &Bytes,
    ) -> Result<Request<SdkBody>, CliError> {
        let sign_error = |e: &(dyn std::error::Error + 'static)| {
            CliError::new(
                "Internal",
                format!("the request cannot be signed: {}", error_chain(e)),
                ExitStatus::Rejected,
            )
        };
        let identity = self.credentials().await?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| sign_error(&e))?
            .into();
        let signable =
            SignableRequest::new("POST", url, SIGNED_HEADERS.into_iter(), SignableBody::Bytes(body));
        let signed = sign(signable.map_err(|e| sign_error(&e))?, &parameters).map_err(|e| sign_error(&e))?;
        let mut request = Request::post(url);
        for (name, value) in SIGNED_HEADERS {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body.clone())).map_err(|e| sign_error(&e))?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// Makes the next request load its credentials again.
    pub(super) async fn clear_credentials(&self) {
        self.credentials.lock().await.take();
    }

    async fn credentials(&self) -> Result<Credentials, CliError> {
        let mut cached = self.credentials.lock().await;
        if let Some(credentials) = cached.as_ref().filter(|cached| is_valid(cached)) {
            return Ok(credentials.clone());
        }
        let no_credentials = |message: String| CliError::new("NoCredentials", message, ExitStatus::Rejected);
        let provider = self.config.credentials_provider();
        let provider =
            provider.ok_or_else(|| no_credentials("no AWS credentials are configured".to_owned()))?;
        let fresh = provider.provide_credentials().await;
        let fresh = fresh.map_err(|e| no_credentials(format!("no AWS credentials: {}", error_chain(&e))))?;
        Ok(cached.insert(fresh).clone())
    }
}

fn is_valid(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|end| end > SystemTime::now() + EXPIRY_MARGIN)
}
