//! Use case: resubmit a job, which submits its request to the provider again, as a new job.
//!
//! Each job is resubmitted at most once, however often and concurrently callers ask for it.

use model::{Error, Job, JobEvent, JobId, JobOrigin, JobStatus};
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    jobs::{
        errors::{job_conflict, retry_conflict},
        get_job::get_job,
    },
    submission::{submit_job::submit_job, submit_request::SubmitRequest},
};

/// Submits the request of a job without success as a new job, or returns the new job that an earlier resubmission
/// created.
pub(crate) async fn resubmit_job(
    clients: &Clients,
    id: JobId,
    deadline: OffsetDateTime,
) -> Result<Job, Error> {
    let job_store = &clients.job_store;
    let old = get_job(job_store, id).await?;
    // The idempotency key expires after some days. The record does not.
    if let Some(new_id) = old.retries.resubmitted_as {
        return get_job(job_store, new_id).await;
    }
    if !matches!(
        old.status,
        JobStatus::Partial | JobStatus::Failed | JobStatus::Expired | JobStatus::Cancelled
    ) {
        return Err(retry_conflict(&old));
    }
    if old.origin == JobOrigin::Imported {
        return Err(job_conflict(
            &old,
            "the job was adopted from the provider: its request was not submitted through Landfall",
        ));
    }
    let new = Box::pin(submit_job(clients, SubmitRequest::from_job(&old)?, deadline)).await?;
    let resubmitted = JobEvent::Resubmitted { new_job_id: new.id };
    // If this write fails, the new job still names the old one, and its idempotency key still finds it.
    if let Err(error) = job_store.apply_event(id, &resubmitted, OffsetDateTime::now_utc()).await {
        error.log("the resubmission is not recorded on the old job");
    }
    tracing::info!(metric = "JobsResubmitted", count = 1, job_id = %id, new = %new.id, "job resubmitted");
    Ok(new)
}
