//! The concurrency limit of a provider: a job holds a slot while the provider works on it.

use model::{Error, Job};
use providers::Provider;
use time::OffsetDateTime;

use crate::{clients::Clients, submission::exclusive_lock::acquire_exclusive_lock};

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
/// As [`acquire_exclusive_lock`].
pub(crate) async fn acquire_lock_and_slot(
    clients: &Clients,
    job: &Job,
    provider: &dyn Provider,
) -> Result<SlotStatus, Error> {
    acquire_exclusive_lock(&clients.job_store, job, provider).await?;
    acquire_slot(clients, job, provider).await
}

async fn acquire_slot(clients: &Clients, job: &Job, provider: &dyn Provider) -> Result<SlotStatus, Error> {
    let slots = clients.config.providers.max_concurrent_jobs(provider.name());
    let Some(slots) = slots.filter(|_| provider.is_concurrency_limited(job)) else {
        return Ok(SlotStatus::Acquired);
    };
    let now = OffsetDateTime::now_utc();
    if clients.job_store.acquire_slot(&job.provider, slots, job.id, now).await? {
        return Ok(SlotStatus::Acquired);
    }
    tracing::info!(job_id = %job.id, slots, "concurrency limit reached; the job waits");
    Ok(SlotStatus::LimitReached)
}
