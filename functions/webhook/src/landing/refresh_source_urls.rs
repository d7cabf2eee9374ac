//! Polls the provider for new URLs of a job's files.

use std::time::Duration;

use job_store::Lease;
use model::{Error, ErrorClass, Job, JobEvent};
use providers::PollStatus;
use time::OffsetDateTime;

use super::landing_context::LandingClients;
use crate::{
    polling::poll_request::PollOutcome, provider_of_job::find_job_provider,
    stored_source_urls::store_long_source_list,
};

/// The delay before a file is downloaded again from the URL at which it was missing.
const SAME_URL_DELAY: Duration = Duration::from_secs(1);
/// The time reserved in the invocation for the transfer of the files.
const MIN_TIME_LEFT: time::Duration = time::Duration::seconds(30);

/// Polls for the sources of a job and stores them. Returns `None` if the provider cannot be polled for them or does
/// not return any.
pub(super) async fn refresh_sources(
    clients: &LandingClients<'_>,
    lease: &Lease,
    job: &Job,
    deadline: OffsetDateTime,
) -> Result<Option<Job>, Error> {
    let LandingClients { job_store, bucket, poller, .. } = clients;
    let provider = find_job_provider(job)?;
    let finished = match Box::pin(poller.poll(provider, job, deadline - MIN_TIME_LEFT)).await? {
        PollOutcome::Answered(PollStatus::Ended(event @ JobEvent::FilesReady { .. })) => event,
        PollOutcome::Unanswered(error, _) if error.is_retryable() => return Err(error),
        PollOutcome::OutOfTime => {
            let message = "there was no time left to poll the provider for new URLs of the files";
            return Err(Error::new(ErrorClass::SourceUnavailable, message));
        }
        PollOutcome::Answered(_) | PollOutcome::Unanswered(..) | PollOutcome::NotSupported => {
            return Ok(None);
        }
    };
    let finished = store_long_source_list(bucket, &job.provider, finished).await?;
    let (refreshed, _) =
        job_store.apply_event_under_lease(lease, &finished, OffsetDateTime::now_utc()).await?;
    if refreshed.sources == job.sources {
        // The URLs are the same: the provider may have reported the files a moment too early.
        tokio::time::sleep(SAME_URL_DELAY).await;
    }
    Ok(Some(refreshed))
}
