//! The environment that the `submit` function reads.

use std::time::Duration;

use model::{Error, ErrorClass};
use runtime::{DefaultLimits, Environment, ProviderSettings};
use transport::{Origin, SsrfGuard};
use url::Url;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// `TABLE_NAME`: the table of jobs.
    pub table: String,
    /// `SECRET_ID`: name or ARN of Landfall's secret.
    pub secret_id: String,
    /// `TOKEN_SECRET_ID`: name or ARN of the secret in which tokens of providers are kept.
    pub token_secret_id: String,
    /// `WEBHOOK_URL`: where providers reach the webhook receiver, without a trailing slash.
    pub webhook_url: Url,
    /// `PROVIDER_TIMEOUT_SECONDS`: how long a provider may take to answer one request. Default 20, at most 25:
    /// API Gateway gives up after 30.
    pub provider_timeout: Duration,
    /// `SUBMISSIONS_QUEUE_URL`: where jobs wait for their turn at a provider.
    pub submissions_queue_url: String,
    /// `DELIVERY_QUEUE_URL`: the delivery queue, for answers that name files.
    pub delivery_queue_url: String,
    /// `BUCKET_NAME`: the bucket in which the files are that links lead to, and which waiting workflows are told.
    pub bucket: String,
    /// `LINK_ROLE_ARN`: the role whose credentials sign links. Default: the function's own, which on Lambda end nobody
    /// knows when.
    pub link_role: Option<String>,
    /// `EVENT_BUS_NAME`: the event bus on which others are told of jobs. Default: nobody is told.
    pub event_bus: Option<String>,
    /// `CALLER_WEBHOOKS_QUEUE_URL`: the queue of what callers are to be told by their own webhooks.
    pub caller_webhooks_queue_url: String,
    /// `WEBHOOK_ALLOWED_HOSTS` and `TRUSTED_ORIGINS`: where callers may be told. Default: at any host that is public.
    pub callers: SsrfGuard,
    /// `MAX_SUBMIT_WAIT_SECONDS`: how long a caller's own invocation waits for a turn before the job waits without it.
    /// Default 5, at most 15.
    pub longest_wait: Duration,
    /// `REQUIRE_SIGNATURES`: whether the webhook receiver lets in nothing that is not signed. Default: no.
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
        let seconds: f64 = environment.parsed("PROVIDER_TIMEOUT_SECONDS", 20.0, "a number of seconds")?;
        let providers = providers::ALL.iter().map(|provider| DefaultLimits {
            name: provider.name(),
            api_url: provider.default_api_url(),
            requests_per_second: provider.requests_per_second(),
            concurrent_jobs: provider.concurrent_jobs(),
        });
        let longest_wait: f64 = environment.parsed("MAX_SUBMIT_WAIT_SECONDS", 5.0, "a number of seconds")?;
        Ok(Self {
            table: environment.text("TABLE_NAME")?,
            secret_id: environment.text("SECRET_ID")?,
            token_secret_id: environment.text("TOKEN_SECRET_ID")?,
            webhook_url: webhook_url(&environment.text("WEBHOOK_URL")?)?,
            submissions_queue_url: environment.text("SUBMISSIONS_QUEUE_URL")?,
            delivery_queue_url: environment.text("DELIVERY_QUEUE_URL")?,
            bucket: environment.text("BUCKET_NAME")?,
            link_role: environment.maybe("LINK_ROLE_ARN").map(str::to_owned),
            event_bus: environment.maybe("EVENT_BUS_NAME").map(str::to_owned),
            caller_webhooks_queue_url: environment.text("CALLER_WEBHOOKS_QUEUE_URL")?,
            callers: SsrfGuard::for_calls(
                environment.list("WEBHOOK_ALLOWED_HOSTS"),
                Origin::trusted(&environment.list("TRUSTED_ORIGINS"))?,
                "WEBHOOK_ALLOWED_HOSTS",
            ),
            longest_wait: Duration::from_secs_f64(longest_wait.clamp(0.0, 15.0)),
            provider_timeout: Duration::from_secs_f64(seconds.clamp(0.1, 25.0)),
            require_signatures: environment.parsed("REQUIRE_SIGNATURES", false, "true or false")?,
            providers: ProviderSettings::read(environment, providers)?,
        })
    }
}

fn webhook_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text.trim_end_matches('/')).ok().filter(|url| !url.cannot_be_a_base());
    url.ok_or_else(|| {
        Error::new(ErrorClass::Misconfigured, "the environment variable WEBHOOK_URL is not a URL")
    })
}
