//! How the AWS clients are configured: by hand, from the environment, sharing one HTTP client.
//!
//! The SDK's own loader would bring a second HTTP stack and ask services that do not exist in Lambda.

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

use crate::{Environment, ca_bundle};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// An answer to a small request takes milliseconds; after this long the connection is dead.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;

/// Makes configurations for AWS clients.
#[derive(Debug, Clone)]
pub struct Aws {
    environment: Environment,
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    region: Region,
}

impl Aws {
    /// Reads region and credentials as Lambda provides them: `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. An authority of `TRUSTED_CA_FILE` is trusted, too.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming what is missing.
    pub fn new(environment: &Environment) -> Result<Self, Error> {
        let credentials = Credentials::new(
            environment.text("AWS_ACCESS_KEY_ID")?,
            environment.text("AWS_SECRET_ACCESS_KEY")?,
            environment.maybe("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let trusted = TrustStore::default().with_pem_certificate(ca_bundle(environment)?);
        let tls = TlsContext::builder().with_trust_store(trusted).build();
        let tls =
            tls.map_err(|e| Error::new(ErrorClass::Misconfigured, "TLS cannot be set up").with_source(e))?;
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        Ok(Self {
            environment: environment.clone(),
            http: http.tls_context(tls).build_https(),
            credentials: SharedCredentialsProvider::new(credentials),
            region: Region::new(environment.text("AWS_REGION")?),
        })
    }

    /// The configuration for a service that answers small requests. `service` is its name in
    /// `AWS_ENDPOINT_URL_<SERVICE>`, which goes before `AWS_ENDPOINT_URL`.
    pub fn service(&self, service: &str) -> SdkConfig {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
        self.config(service, timeouts.operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
    }

    /// The configuration for a service that takes and gives streams: no time limit but on connecting, since a
    /// whole file passes within one attempt.
    pub fn streaming(&self, service: &str) -> SdkConfig {
        self.config(service, TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
    }

    fn config(&self, service: &str, timeouts: TimeoutConfig) -> SdkConfig {
        let own = format!("AWS_ENDPOINT_URL_{service}");
        let endpoint = self.environment.maybe(&own).or_else(|| self.environment.maybe("AWS_ENDPOINT_URL"));
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts);
        config.set_endpoint_url(endpoint.map(str::to_owned));
        config.build()
    }
}
