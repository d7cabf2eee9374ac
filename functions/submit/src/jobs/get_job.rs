//! Use case: read a job, alone or with its deliveries.

use job_store::{DeliveryLogEntry, JobStore};
use model::{DeliveryView, Error, Job, JobId};
use time::OffsetDateTime;

use crate::jobs::errors::job_not_found;

/// The number of deliveries that a job is shown with.
const MAX_DELIVERIES: i32 = 50;

/// Reads a job.
pub(crate) async fn get_job(job_store: &JobStore, id: JobId) -> Result<Job, Error> {
    job_store.get(id).await?.ok_or_else(job_not_found)
}

/// Reads a job and the deliveries that arrived for it.
pub(crate) async fn get_job_with_deliveries(
    job_store: &JobStore,
    id: JobId,
) -> Result<(Job, Vec<DeliveryView>), Error> {
    let now = OffsetDateTime::now_utc();
    let (job, deliveries) =
        tokio::try_join!(get_job(job_store, id), job_store.list_deliveries(id, MAX_DELIVERIES, now))?;
    Ok((job, deliveries.iter().map(DeliveryLogEntry::to_view).collect()))
}
