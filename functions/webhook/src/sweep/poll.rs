//! Asking a provider how work stands, in our turn and once: what it does not answer is asked again by a later sweep.

use model::{Error, Job};
use provider_client::{ProviderClient, QueryError, RateLimiter, TokenSource, latest_request};
use providers::{ApiAccess, Credentials, PollStatus, Provider};
use time::{Duration, OffsetDateTime};

use crate::worker::Worker;

/// What came of asking.
#[derive(Debug)]
pub(crate) enum PollOutcome {
    /// The provider said this.
    Answered(PollStatus),
    /// It did not, for this reason, and wants to be left alone for so long.
    Unanswered(Error, Duration),
    /// It cannot be asked about this work.
    CannotBe,
    /// There was no time to ask.
    NoTime,
}

impl Worker {
    /// Asks a job's provider, unless its turn comes only after `latest`.
    pub(crate) async fn inquire(
        &self,
        provider: &dyn Provider,
        job: &Job,
        latest: OffsetDateTime,
    ) -> Result<PollOutcome, Error> {
        let secret = self.secrets.get().await?;
        let credentials = Credentials::new(secret.provider(provider.name()));
        let config = &self.config.sweep;
        let api_url = config.providers.api_url(provider.name());
        let access = ApiAccess { api_url, credentials: &credentials };
        let Some(mut inquiry) = provider.poll(&access, job, OffsetDateTime::now_utc())? else {
            return Ok(PollOutcome::CannotBe);
        };
        // As long as the answer to a request that is sent at the latest moment may take.
        let deadline = latest + config.provider_timeout + Duration::seconds(5);
        let left = std::time::Duration::try_from(latest - OffsetDateTime::now_utc()).unwrap_or_default();
        let rate_limiter = RateLimiter {
            records: &self.records,
            provider: job.provider.clone(),
            interval: config.providers.interval(provider.name()),
            max_wait: left,
            latest: latest_request(config.provider_timeout, deadline).min(latest),
        };
        let line = ProviderClient {
            sender: &self.sender,
            timeout: config.provider_timeout,
            deadline,
            rate_limiter: Some(&rate_limiter),
            token_source: TokenSource { secrets: &self.secrets, tokens: &self.tokens, provider, api_url },
            authorizes: true,
            job: Some(job.id),
            waits: false,
        };
        Ok(match line.inquire(inquiry.as_mut()).await {
            Ok(standing) => PollOutcome::Answered(providers::bounded_standing(standing)),
            Err(QueryError::NoTime) => PollOutcome::NoTime,
            Err(QueryError::Failed(error)) => PollOutcome::Unanswered(error, Duration::ZERO),
            Err(QueryError::Later(error, wait)) => {
                PollOutcome::Unanswered(error, Duration::try_from(wait).unwrap_or(Duration::ZERO))
            }
        })
    }
}
