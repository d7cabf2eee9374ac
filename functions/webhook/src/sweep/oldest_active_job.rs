//! Reports the age of the oldest active job. A growing age shows an operator that processing is stuck, for any
//! reason.

use job_store::JobStore;
use time::OffsetDateTime;

/// Reports the metric, once in each sweep. An error is logged and does not end the sweep.
pub(crate) async fn report_oldest_active_job(job_store: &JobStore) {
    let oldest = match job_store.find_oldest_active_job().await {
        Ok(oldest) => oldest,
        Err(error) => return error.log("the age of the oldest active job is not known"),
    };
    let age = oldest.map(|id| OffsetDateTime::now_utc() - id.created_at()).unwrap_or_default();
    let value = age.whole_seconds().max(0);
    let job_id = oldest.map(tracing::field::display);
    tracing::info!(metric = "OldestActiveJobSeconds", value, job_id, "the oldest active job");
}
