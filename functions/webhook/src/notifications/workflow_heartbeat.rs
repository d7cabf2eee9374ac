//! Heartbeats for workflows that wait for a job, so that their tasks do not time out while the job is active.

use job_store::JobStore;
use model::{Error, Job, NotifyTargets};
use notifications::{UnreachableServices, WorkflowNotifier};
use time::OffsetDateTime;

/// Sends a heartbeat to each workflow that waits for the job, and removes those that do not wait any more.
pub(crate) async fn send_heartbeat(
    workflow_waiters: &WorkflowNotifier,
    job_store: &JobStore,
    job: &Job,
    unreachable: &UnreachableServices,
) -> Result<(), Error> {
    let expired = workflow_waiters.send_heartbeats(job, unreachable).await;
    if !expired.is_empty() {
        job_store.remove_waiters(job.id, &expired).await?;
    }
    job_store.postpone_heartbeat(job.id, OffsetDateTime::now_utc() + NotifyTargets::HEARTBEAT_INTERVAL).await
}
