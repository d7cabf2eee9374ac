//! The configuration of the AWS clients, from the environment, with one shared HTTP client.
//!
//! The SDK's own loader would add a second HTTP stack and send requests to services that do not exist in Lambda.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{
    SdkConfig,
    region::Region,
    sdk_config::{RetryConfig, SharedHttpClient, TimeoutConfig},
};
use model::{Error, ErrorClass};

use crate::{Environment, read_ca_bundle};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A response to a small request takes milliseconds; after this long the connection is dead.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ATTEMPTS: u32 = 3;

/// Creates the configurations of AWS clients.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    environment: Environment,
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    region: Region,
}

impl AwsConfig {
    /// Reads region and credentials as Lambda provides them: `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. The certificate authorities of `TRUSTED_CA_FILE` are trusted, too.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the missing variable.
    pub fn new(environment: &Environment) -> Result<Self, Error> {
        let credentials = Credentials::new(
            environment.required("AWS_ACCESS_KEY_ID")?,
            environment.required("AWS_SECRET_ACCESS_KEY")?,
            environment.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let trust_store = TrustStore::default().with_pem_certificate(read_ca_bundle(environment)?);
        let tls = TlsContext::builder().with_trust_store(trust_store).build();
        let tls =
            tls.map_err(|e| Error::new(ErrorClass::Misconfigured, "TLS cannot be set up").with_source(e))?;
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        Ok(Self {
            environment: environment.clone(),
            http: http.tls_context(tls).build_https(),
            credentials: SharedCredentialsProvider::new(credentials),
            region: Region::new(environment.required("AWS_REGION")?),
        })
    }

    /// The configuration for a service with small requests. `service` is its name in `AWS_ENDPOINT_URL_<SERVICE>`, which
    /// takes precedence over `AWS_ENDPOINT_URL`.
    pub fn service_config(&self, service: &str) -> SdkConfig {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
        self.config(service, timeouts.operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
    }

    /// The configuration for a service with streamed requests and responses. Only connecting has a timeout, because one
    /// attempt transfers a complete file.
    pub fn streaming_config(&self, service: &str) -> SdkConfig {
        self.config(service, TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
    }

    fn config(&self, service: &str, timeouts: TimeoutConfig) -> SdkConfig {
        let variable = format!("AWS_ENDPOINT_URL_{service}");
        let endpoint =
            self.environment.optional(&variable).or_else(|| self.environment.optional("AWS_ENDPOINT_URL"));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .timeout_config(timeouts);
        config.set_endpoint_url(endpoint.map(str::to_owned));
        config.build()
    }
}
