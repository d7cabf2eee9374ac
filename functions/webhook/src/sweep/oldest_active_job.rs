//! How old the oldest job is that is not at its end: what tells an operator that something stands still, whatever it is.

use time::OffsetDateTime;

use crate::worker::Worker;

impl Worker {
    /// Measures it, once in each sweep. A sweep goes on without it.
    pub(crate) async fn measure_the_oldest(&self) {
        let oldest = match self.records.oldest_active().await {
            Ok(oldest) => oldest,
            Err(error) => return error.log("the age of the oldest unfinished job is not known"),
        };
        let age = oldest.map(|id| OffsetDateTime::now_utc() - id.created_at()).unwrap_or_default();
        let value = age.whole_seconds().max(0);
        let job_id = oldest.map(tracing::field::display);
        tracing::info!(metric = "OldestActiveJobSeconds", value, job_id, "the oldest unfinished job");
    }
}
