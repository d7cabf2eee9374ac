//! The settings of the `submit` function, read from environment variables.

use std::time::Duration;

use http_client::{SsrfGuard, UrlOrigin};
use model::{Error, ErrorClass};
use runtime::{Environment, ProviderDefaults, ProviderSettings, read_ca_bundle};
use url::Url;

/// The settings of the function.
#[derive(Debug, Clone)]
pub struct Config {
    /// `TABLE_NAME`: the table of jobs.
    pub table: String,
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `TOKEN_SECRET_ID`: name or ARN of the secret that caches the providers' access tokens.
    pub token_secret_id: String,
    /// `WEBHOOK_URL`: URL of the webhook receiver for providers, without a trailing slash.
    pub webhook_url: Url,
    /// `PROVIDER_TIMEOUT_SECONDS`: the timeout of one request to a provider. Default 20, at most 25: API Gateway's
    /// integration timeout is 30.
    pub provider_timeout: Duration,
    /// `SUBMISSIONS_QUEUE_URL`: the queue of jobs that wait to be submitted.
    pub submissions_queue_url: String,
    /// `FAILED_INVOCATIONS_QUEUE_URL`: the queue of asynchronous invocations of this function that failed.
    pub failed_invocations_queue_url: String,
    /// `DELIVERY_QUEUE_URL`: the delivery queue. It receives the responses of synchronous work that name files.
    pub delivery_queue_url: String,
    /// `BUCKET_NAME`: the bucket with the landed files. Presigned URLs point to it, and task results name it.
    pub bucket: String,
    /// `LINK_ROLE_ARN`: the role whose credentials sign presigned URLs. Default: the function's own credentials, whose
    /// expiry Lambda does not state.
    pub link_role_arn: Option<String>,
    /// `EVENT_BUS_NAME`: the event bus on which job events are published. Default: none are published.
    pub event_bus_name: Option<String>,
    /// `CALLER_WEBHOOKS_QUEUE_URL`: the queue of notifications to callers' webhooks.
    pub caller_webhooks_queue_url: String,
    /// `WEBHOOK_ALLOWED_HOSTS` and `TRUSTED_ORIGINS`: the hosts that callers' webhooks may have. Default: any public
    /// host.
    pub caller_webhook_guard: SsrfGuard,
    /// `DOCUMENT_ALLOWED_HOSTS` and `TRUSTED_ORIGINS`: the hosts from which documents of callers are downloaded. Default:
    /// any public host.
    pub document_guard: SsrfGuard,
    /// `TRUSTED_CA_FILE`: certificate authorities that are trusted besides the public ones, as PEM.
    pub ca_bundle: Vec<u8>,
    /// `MAX_SUBMIT_WAIT_SECONDS`: how long a caller's invocation waits for the rate limit before it puts the job on the
    /// queue. Default 5, at most 15.
    pub max_submit_wait: Duration,
    /// `REQUIRE_SIGNATURES`: whether the webhook receiver rejects every unsigned request. Default: no.
    pub require_signatures: bool,
    /// `<PROVIDER>_API_URL`, `<PROVIDER>_REQUESTS_PER_SECOND` and `<PROVIDER>_CONCURRENT_JOBS`.
    pub providers: ProviderSettings,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// [`ErrorClass::Misconfigured`] naming the variable.
    pub fn read(environment: &Environment) -> Result<Self, Error> {
        let provider_timeout: f64 =
            environment.parse_or_default("PROVIDER_TIMEOUT_SECONDS", 20.0, "a number of seconds")?;
        let providers = providers::ALL.iter().map(|provider| ProviderDefaults {
            name: provider.name(),
            api_url: provider.default_api_url(),
            requests_per_second: provider.requests_per_second(),
            concurrent_jobs: provider.concurrency_limit(),
        });
        let max_submit_wait: f64 =
            environment.parse_or_default("MAX_SUBMIT_WAIT_SECONDS", 5.0, "a number of seconds")?;
        Ok(Self {
            table: environment.required("TABLE_NAME")?,
            secret_id: environment.required("SECRET_ID")?,
            token_secret_id: environment.required("TOKEN_SECRET_ID")?,
            webhook_url: parse_webhook_url(&environment.required("WEBHOOK_URL")?)?,
            submissions_queue_url: environment.required("SUBMISSIONS_QUEUE_URL")?,
            failed_invocations_queue_url: environment.required("FAILED_INVOCATIONS_QUEUE_URL")?,
            delivery_queue_url: environment.required("DELIVERY_QUEUE_URL")?,
            bucket: environment.required("BUCKET_NAME")?,
            link_role_arn: environment.optional("LINK_ROLE_ARN").map(str::to_owned),
            event_bus_name: environment.optional("EVENT_BUS_NAME").map(str::to_owned),
            caller_webhooks_queue_url: environment.required("CALLER_WEBHOOKS_QUEUE_URL")?,
            caller_webhook_guard: SsrfGuard::for_caller_urls(
                environment.comma_separated("WEBHOOK_ALLOWED_HOSTS"),
                UrlOrigin::parse_trusted_origins(&environment.comma_separated("TRUSTED_ORIGINS"))?,
                "WEBHOOK_ALLOWED_HOSTS",
            ),
            document_guard: SsrfGuard::for_caller_urls(
                environment.comma_separated("DOCUMENT_ALLOWED_HOSTS"),
                UrlOrigin::parse_trusted_origins(&environment.comma_separated("TRUSTED_ORIGINS"))?,
                "DOCUMENT_ALLOWED_HOSTS",
            ),
            ca_bundle: read_ca_bundle(environment)?,
            max_submit_wait: Duration::from_secs_f64(max_submit_wait.clamp(0.0, 15.0)),
            provider_timeout: Duration::from_secs_f64(provider_timeout.clamp(0.1, 25.0)),
            require_signatures: environment.parse_or_default("REQUIRE_SIGNATURES", false, "true or false")?,
            providers: ProviderSettings::from_environment(environment, providers)?,
        })
    }
}

fn parse_webhook_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text.trim_end_matches('/')).ok().filter(|url| !url.cannot_be_a_base());
    url.ok_or_else(|| {
        Error::new(ErrorClass::Misconfigured, "the environment variable WEBHOOK_URL is not a URL")
    })
}
