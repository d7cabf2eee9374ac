//! Polls the provider for new URLs of a job's files.

use std::time::Duration;

use job_store::Lease;
use model::{CompletedBy, Error, ErrorClass, Job, JobEvent};
use providers::PollStatus;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::landing_context::LandingClients;
use crate::{
    polling::poll_request::PollOutcome, provider_of_job::find_job_provider, queue_message::MessageReceipt,
    stored_source_urls::store_long_source_list,
};

/// The delay before a file is downloaded again from the URL at which it was missing.
const SAME_URL_DELAY: Duration = Duration::from_secs(1);
/// The time reserved in the invocation for the transfer of the files.
const MIN_TIME_LEFT: time::Duration = time::Duration::seconds(30);

/// The result of a poll for new URLs.
pub(super) enum SourceRefresh {
    /// The job with the sources that the provider reports now.
    Refreshed(Box<Job>),
    /// The provider cannot be polled for them or does not return any.
    NotAvailable,
    /// The provider's rate limit allows a request only when the landing is to have moved to the queue of long landings.
    OutOfTime,
}

/// Polls for the sources of a job and stores them.
pub(super) async fn refresh_sources(
    clients: &LandingClients<'_>,
    lease: &Lease,
    job: &Job,
    receipt: &MessageReceipt,
) -> Result<SourceRefresh, Error> {
    let LandingClients { job_store, bucket, poller, .. } = clients;
    let provider = find_job_provider(job)?;
    let finished = match Box::pin(poller.poll(provider, job, latest_poll(receipt))).await? {
        PollOutcome::Answered(PollStatus::Ended(event @ JobEvent::FilesReady { .. })) => {
            event.with_completion(CompletedBy::Poll)
        }
        PollOutcome::Unanswered(error, _) if error.is_retryable() => return Err(error),
        PollOutcome::OutOfTime | PollOutcome::RateLimited(_) if !receipt.is_long_landing() => {
            return Ok(SourceRefresh::OutOfTime);
        }
        PollOutcome::OutOfTime | PollOutcome::RateLimited(_) => {
            let message = "there was no time left to poll the provider for new URLs of the files";
            return Err(Error::new(ErrorClass::SourceUnavailable, message));
        }
        PollOutcome::Answered(_) | PollOutcome::Unanswered(..) | PollOutcome::NotSupported => {
            return Ok(SourceRefresh::NotAvailable);
        }
    };
    let finished = store_long_source_list(bucket, &job.provider, finished).await?;
    let (refreshed, _) =
        job_store.apply_event_under_lease(lease, &finished, OffsetDateTime::now_utc()).await?;
    if refreshed.sources == job.sources {
        // The URLs are the same: the provider may have reported the files a moment too early.
        tokio::time::sleep(SAME_URL_DELAY).await;
    }
    Ok(SourceRefresh::Refreshed(Box::new(refreshed)))
}

/// The latest time at which the poll is sent.
fn latest_poll(receipt: &MessageReceipt) -> OffsetDateTime {
    let latest = receipt.deadline - MIN_TIME_LEFT;
    let short = receipt.moves_at.map(|at| at.saturating_duration_since(Instant::now()));
    short.map_or(latest, |wait| latest.min(OffsetDateTime::now_utc() + wait))
}
