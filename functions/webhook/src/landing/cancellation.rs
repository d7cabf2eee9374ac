//! Cancellation of a job while its files are being transferred: the landing stops and aborts its uploads.
//!
//! Cancelling a job also removes the lease. The landing notices when it next renews the lease, and in any case before
//! it writes the manifest; without a manifest no file counts as landed.

use bucket::Bucket;
use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobId, JobStatus};

use crate::queue_message::MessageFailure;

/// Fails if the job was cancelled or deleted since the landing started.
///
/// # Errors
/// [`ErrorClass::LandingBusy`]: the files are not requested any more.
pub(crate) async fn ensure_not_cancelled(job_store: &JobStore, id: JobId) -> Result<(), Error> {
    match job_store.get(id).await?.map(|job| job.status) {
        Some(JobStatus::Cancelled) | None => Err(Error::new(
            ErrorClass::LandingBusy,
            "the job was cancelled while its files were being transferred",
        )),
        Some(_) => Ok(()),
    }
}

/// Handles the loss of a lease. If the job was cancelled, the landing is over and its uploads are aborted. Otherwise
/// another worker took the lease over, and the message is retried.
pub(crate) async fn handle_lost_lease(
    job_store: &JobStore,
    bucket: &Bucket,
    id: JobId,
    error: Error,
) -> Result<(), MessageFailure> {
    let job = job_store.get(id).await?;
    let Some(job) = job.filter(|job| job.status == JobStatus::Cancelled) else { return Err(error.into()) };
    tracing::info!(metric = "LandingsCancelled", count = 1, job_id = %id, "landing stopped: the job was cancelled");
    bucket.abort_job_uploads(&job.provider, id).await;
    Ok(())
}

/// Aborts the uploads of a landing whose job was cancelled between two invocations.
pub(crate) async fn abort_uploads_of_cancelled_job(bucket: &Bucket, job: &Job) {
    if job.status == JobStatus::Cancelled && job.transfer.is_some() {
        bucket.abort_job_uploads(&job.provider, job.id).await;
    }
}
