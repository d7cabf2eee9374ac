//! The exclusive lock on a resource of the provider, which one job holds at a time.

use job_store::JobStore;
use model::{Error, ErrorClass, Job};
use providers::Provider;
use time::OffsetDateTime;

/// Acquires the exclusive lock on the resource that the job works on, if it needs one.
///
/// # Errors
/// [`ErrorClass::ProviderConflict`] when another job holds the lock, and [`ErrorClass::StorageUnavailable`].
pub(crate) async fn acquire_exclusive_lock(
    job_store: &JobStore,
    job: &Job,
    provider: &dyn Provider,
) -> Result<(), Error> {
    let Some(resource) = provider.exclusive_resource(job) else { return Ok(()) };
    let now = OffsetDateTime::now_utc();
    let Some(holder) = job_store.acquire_lock(&job.provider, &resource, job.id, now).await? else {
        return Ok(());
    };
    let message = format!(
        "job {holder} has the exclusive lock on {resource}; submit again when it is in a final status"
    );
    Err(Error::new(ErrorClass::ProviderConflict, message))
}
