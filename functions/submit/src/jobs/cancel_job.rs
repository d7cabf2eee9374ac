//! Use case: cancel a job.

use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus};
use time::OffsetDateTime;

use crate::{
    jobs::errors::{job_conflict, job_not_found},
    submission::notify_targets::JobNotifier,
};

/// Cancels a job. The provider continues the work that it accepted, but none of its files are landed.
///
/// Only the record changes. An invocation that waits to submit the job, lands its files, or wants its exclusive lock
/// reads the record.
pub(crate) async fn cancel_job(
    job_store: &JobStore,
    notifier: JobNotifier<'_>,
    id: JobId,
) -> Result<Job, Error> {
    let cancelled = job_store.apply_event(id, &JobEvent::Cancelled, OffsetDateTime::now_utc()).await;
    let (job, change) = cancelled.map_err(|error| match error.class {
        ErrorClass::NotFound => job_not_found(),
        _ => error,
    })?;
    if change == JobChange::StatusChanged {
        tracing::info!(job_id = %id, "job cancelled");
        notifier.notify_targets(&job).await;
    }
    match job.status {
        JobStatus::Cancelled => Ok(job),
        status => Err(job_conflict(
            &job,
            format!("the job is {status}; a job in a final status cannot be cancelled"),
        )),
    }
}
