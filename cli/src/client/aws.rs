//! AWS as the operator's machine is set up for it: profile, region, credentials and endpoint.

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

use super::http::for_credentials;
use crate::{
    exit::Exit,
    failure::{Failure, causes},
};

/// Credentials that end sooner are fetched anew.
const MARGIN: Duration = Duration::from_secs(60);
/// What signing covers besides host and date.
const HEADERS: [(&str, &str); 1] = [("content-type", "application/json")];

/// The configuration that was found, and the credentials once they are asked for.
pub(super) struct Aws {
    config: SdkConfig,
    region: String,
    credentials: Mutex<Option<Credentials>>,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Aws {
    /// Reads the environment and the configuration files.
    ///
    /// # Errors
    /// No region is set anywhere.
    pub(super) async fn load(profile: Option<String>, region: Option<String>) -> Result<Self, Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(for_credentials());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        let region = config.region().map(|region| region.as_ref().to_owned()).filter(|name| !name.is_empty());
        let region = region.ok_or_else(|| {
            Failure::usage("no AWS region: set AWS_REGION, or one in the profile, or give --region")
        })?;
        Ok(Self { config, region, credentials: Mutex::default() })
    }

    /// Where a service answers: what the environment or the profile names for it or for all, else AWS.
    pub(super) fn endpoint(&self, id: &str, host: &str) -> String {
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let own = key.build().ok().zip(self.config.service_config());
        let own = own.and_then(|(key, service)| service.load_config(key));
        let named = own.or_else(|| self.config.endpoint_url().map(str::to_owned));
        named.unwrap_or_else(|| {
            // Other partitions of AWS are reached by AWS_ENDPOINT_URL_LAMBDA.
            let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://{host}.{}.{suffix}", self.region)
        })
    }

    /// A signed POST of JSON to a service.
    ///
    /// # Errors
    /// There are no credentials, or they cannot be fetched.
    pub(super) async fn signed(
        &self,
        url: &str,
        service: &str,
        body: &Bytes,
    ) -> Result<Request<SdkBody>, Failure> {
        let unusable = |e: &(dyn std::error::Error + 'static)| {
            Failure::new("Internal", format!("the request cannot be signed: {}", causes(e)), Exit::Refused)
        };
        let identity = self.credentials().await?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| unusable(&e))?
            .into();
        let signable = SignableRequest::new("POST", url, HEADERS.into_iter(), SignableBody::Bytes(body));
        let signed = sign(signable.map_err(|e| unusable(&e))?, &parameters).map_err(|e| unusable(&e))?;
        let mut request = Request::post(url);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body.clone())).map_err(|e| unusable(&e))?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// Lets the next request fetch its credentials anew.
    pub(super) async fn forget_credentials(&self) {
        self.credentials.lock().await.take();
    }

    async fn credentials(&self) -> Result<Credentials, Failure> {
        let mut held = self.credentials.lock().await;
        if let Some(credentials) = held.as_ref().filter(|held| lasts(held)) {
            return Ok(credentials.clone());
        }
        let none = |why: String| Failure::new("NoCredentials", why, Exit::Refused);
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| none("no AWS credentials are set up".to_owned()))?;
        let fresh = provider.provide_credentials().await;
        let fresh = fresh.map_err(|e| none(format!("no AWS credentials: {}", causes(&e))))?;
        Ok(held.insert(fresh).clone())
    }
}

fn lasts(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|end| end > SystemTime::now() + MARGIN)
}
