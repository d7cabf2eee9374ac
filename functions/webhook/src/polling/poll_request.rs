//! Polls a provider once for the status of a job's work, within the rate limit. A later sweep retries a failed poll.

use http_client::ProviderHttpClient;
use job_store::JobStore;
use model::{Error, Job};
use provider_client::{ProviderClient, QueryError, RateLimiter, TokenSource, latest_send_time};
use providers::{ApiAccess, Credentials, ItemStatus, PollStatus, Provider, Query};
use secrets::{SecretStore, TokenCache};
use time::{Duration, OffsetDateTime};

use crate::{clients::WorkerClients, config::SweepConfig};

/// The result of a poll, or of the read of one item.
#[derive(Debug)]
pub(crate) enum PollOutcome<T = PollStatus> {
    /// The provider responded with this status.
    Answered(T),
    /// The provider did not respond, for this reason. It may ask for a delay before the next request.
    Unanswered(Error, Duration),
    /// The provider has no request for the status of this work.
    NotSupported,
    /// The rate limit allows a request only at this time, which is after the latest time.
    RateLimited(OffsetDateTime),
    /// There was no time left to send a request.
    OutOfTime,
}

/// Polls providers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poller<'a> {
    job_store: &'a JobStore,
    secrets: &'a SecretStore,
    token_cache: &'a TokenCache,
    sender: &'a ProviderHttpClient,
    config: &'a SweepConfig,
}

impl<'a> Poller<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            secrets: &clients.secrets,
            token_cache: &clients.token_cache,
            sender: &clients.sender,
            config: &clients.config.sweep,
        }
    }

    /// Polls the job's provider, unless the rate limit delays the request beyond `latest`.
    pub(crate) async fn poll(
        &self,
        provider: &dyn Provider,
        job: &Job,
        latest: OffsetDateTime,
    ) -> Result<PollOutcome, Error> {
        let build = |access: &ApiAccess<'_>| provider.poll(access, job, OffsetDateTime::now_utc());
        Ok(match self.run_query(provider, job, latest, build).await? {
            PollOutcome::Answered(status) => PollOutcome::Answered(providers::limit_poll_status(status)),
            unanswered => unanswered,
        })
    }

    /// Reads the files of one item of the job's work, see [`Provider::items`], unless the rate limit delays the request
    /// beyond `latest`.
    pub(crate) async fn read_item(
        &self,
        provider: &dyn Provider,
        job: &Job,
        item: &str,
        latest: OffsetDateTime,
    ) -> Result<PollOutcome<ItemStatus>, Error> {
        let build = |access: &ApiAccess<'_>| provider.read_item(access, item);
        Ok(match self.run_query(provider, job, latest, build).await? {
            PollOutcome::Answered(status) => {
                PollOutcome::Answered(providers::limit_item_status(item, status))
            }
            unanswered => unanswered,
        })
    }

    async fn run_query<T>(
        &self,
        provider: &dyn Provider,
        job: &Job,
        latest: OffsetDateTime,
        build: impl FnOnce(&ApiAccess<'_>) -> Result<Option<Box<dyn Query<T>>>, Error>,
    ) -> Result<PollOutcome<T>, Error> {
        let secret = self.secrets.get().await?;
        let credentials = Credentials::new(secret.provider_section(provider.name()));
        let config = self.config;
        let api_url = config.providers.api_url(provider.name());
        let access = ApiAccess { api_url, credentials: &credentials };
        let Some(mut query) = build(&access)? else { return Ok(PollOutcome::NotSupported) };
        // The response to a request that is sent at the latest time may take this long.
        let deadline = latest + config.provider_timeout + Duration::seconds(5);
        let max_wait = std::time::Duration::try_from(latest - OffsetDateTime::now_utc()).unwrap_or_default();
        let rate_limiter = RateLimiter {
            job_store: self.job_store,
            provider: job.provider.clone(),
            limits: config.providers.rate_limits(provider.name()),
            tier: None,
            max_wait,
            latest_send_time: latest_send_time(config.provider_timeout, deadline).min(latest),
        };
        let token_source =
            TokenSource { secrets: self.secrets, token_cache: self.token_cache, provider, api_url };
        let client = ProviderClient {
            sender: self.sender,
            response_timeout: config.provider_timeout,
            deadline,
            rate_limiter: Some(&rate_limiter),
            token_source,
            can_authorize: true,
            job_id: Some(job.id),
            waits_before_retry: false,
        };
        Ok(match client.run_query(query.as_mut()).await {
            Ok(status) => PollOutcome::Answered(status),
            Err(QueryError::DeadlineExceeded) => PollOutcome::OutOfTime,
            Err(QueryError::RateLimited(at)) => PollOutcome::RateLimited(at),
            Err(QueryError::Failed(error)) => PollOutcome::Unanswered(error, Duration::ZERO),
            Err(QueryError::RetryLater(error, wait)) => {
                PollOutcome::Unanswered(error, Duration::try_from(wait).unwrap_or(Duration::ZERO))
            }
        })
    }
}
