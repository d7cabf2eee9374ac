//! The locks that a job holds while the provider works on it: the exclusive lock on a resource, which one job holds at a
//! time, and a slot of the concurrency limit.

use job_store::JobStore;
use model::{Error, ErrorClass, Job};
use providers::Provider;
use time::OffsetDateTime;

use crate::clients::Clients;

/// Whether the concurrency limit permits another job.
pub(crate) enum SlotStatus {
    /// The job holds a slot, or needs none.
    Acquired,
    /// Every slot is taken. The job waits.
    LimitReached,
}

/// Acquires the exclusive lock and then a slot, as far as the job needs them.
///
/// # Errors
/// [`ErrorClass::ProviderConflict`] when another job holds the lock, and [`ErrorClass::StorageUnavailable`].
pub(crate) async fn acquire_lock_and_slot(
    clients: &Clients,
    job: &Job,
    provider: &dyn Provider,
) -> Result<SlotStatus, Error> {
    acquire_exclusive_lock(&clients.job_store, job, provider).await?;
    acquire_slot(clients, job, provider).await
}

/// Acquires the exclusive lock on the provider's resource that the job works on, if it needs one.
///
/// # Errors
/// As [`acquire_lock_and_slot`].
pub(crate) async fn acquire_exclusive_lock(
    job_store: &JobStore,
    job: &Job,
    provider: &dyn Provider,
) -> Result<(), Error> {
    let Some(resource) = provider.exclusive_resource(&job.request) else { return Ok(()) };
    let now = OffsetDateTime::now_utc();
    let Some(holder) = job_store.acquire_lock(&job.provider, &resource, job.id, now).await? else {
        return Ok(());
    };
    let message = format!(
        "job {holder} has the exclusive lock on {resource}; submit again when it is in a final status"
    );
    Err(Error::new(ErrorClass::ProviderConflict, message))
}

async fn acquire_slot(clients: &Clients, job: &Job, provider: &dyn Provider) -> Result<SlotStatus, Error> {
    let slots = clients.config.providers.concurrent_jobs(provider.name());
    let Some(slots) = slots.filter(|_| provider.exclusive_resource(&job.request).is_some()) else {
        return Ok(SlotStatus::Acquired);
    };
    let now = OffsetDateTime::now_utc();
    if clients.job_store.take_slot(&job.provider, slots, job.id, now).await? {
        return Ok(SlotStatus::Acquired);
    }
    tracing::info!(job_id = %job.id, slots, "concurrency limit reached; the job waits");
    Ok(SlotStatus::LimitReached)
}
