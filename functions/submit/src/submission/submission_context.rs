//! The context of a submission: the provider, the job and the deadline, for callers' invocations and for the queue's.

use std::time::Duration;

use model::{CallbackKeys, Error, ErrorClass, Job, JobId, ProviderName};
use provider_client::{ProviderClient, RateLimiter, latest_send_time};
use providers::{Credentials, Provider, SubmitContext, SubmitProtocol};
use time::OffsetDateTime;
use url::Url;

use crate::clients::Clients;

/// The job that an invocation submits, and to which provider.
#[derive(Clone, Copy)]
pub(crate) struct SubmissionContext<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) provider: &'static dyn Provider,
    pub(crate) job_id: JobId,
    /// When Lambda ends the invocation.
    pub(crate) deadline: OffsetDateTime,
}

impl<'a> SubmissionContext<'a> {
    /// Reads the secret and creates the protocol of the job's next request. Fails on every configuration error, so that nothing
    /// is written before.
    pub(crate) async fn prepare_protocol(&self, job: &Job) -> Result<Box<dyn SubmitProtocol>, Error> {
        let config = &self.clients.config;
        let secret = self.clients.secrets.get().await?;
        let credentials = Credentials::new(secret.provider_section(self.provider.name()));
        let name = providers::provider_name(self.provider);
        let keys = secret.callback_keys();
        let callback_url = create_callback_url(&config.webhook_url, &keys, &name, self.job_id)?;
        let context = SubmitContext {
            kind: &job.kind,
            request: &job.request,
            provider_job_id: job.provider_job_id.as_ref(),
            provider_state: &job.provider_state,
            callback_url: &callback_url,
            api_url: config.providers.api_url(self.provider.name()),
            credentials: &credentials,
        };
        self.provider.submit(&context, OffsetDateTime::now_utc())
    }

    /// A client of the provider's API for this invocation. It waits for a response as long as such work may take.
    pub(crate) fn provider_client(&self, long_response_time: Option<Duration>) -> ProviderClient<'a> {
        let client = self.clients.provider_client(self.provider, Some(self.job_id), self.deadline);
        let response_timeout = client.response_timeout.max(long_response_time.unwrap_or_default());
        ProviderClient { response_timeout, ..client }
    }

    /// The provider's rate limiter, for an invocation that waits at most `max_wait` for a reservation. A request whose
    /// response may take long is sent only if the invocation has this time left.
    pub(crate) fn rate_limiter(
        &self,
        max_wait: Duration,
        long_response_time: Option<Duration>,
    ) -> RateLimiter<'a> {
        let config = &self.clients.config;
        let deadline = self.deadline - long_response_time.unwrap_or_default();
        RateLimiter {
            job_store: &self.clients.job_store,
            provider: providers::provider_name(self.provider),
            interval: config.providers.request_interval(self.provider.name()),
            max_wait,
            latest_send_time: latest_send_time(config.provider_timeout, deadline),
        }
    }
}

/// Creates `{webhook_url}/webhooks/{provider}/{job_id}/{token}`.
fn create_callback_url(
    webhook_url: &Url,
    keys: &CallbackKeys,
    provider: &ProviderName,
    job: JobId,
) -> Result<Url, Error> {
    let token = keys.sign(provider, &job);
    let token =
        token.ok_or_else(|| Error::new(ErrorClass::Misconfigured, "no callback_key in Landfall's secret"))?;
    let mut url = webhook_url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["webhooks", provider.as_str(), &job.to_string(), token.expose()]);
    }
    Ok(url)
}
