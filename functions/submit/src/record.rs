//! Recording what came of asking.

use std::time::Duration;

use model::{Event, Job};
use records::Records;
use time::OffsetDateTime;

use exchange::left;

/// The least time that the table gets to take what came of asking.
const LEAST_TO_RECORD: Duration = Duration::from_millis(500);

/// Records what came of asking. If the table does not take it in time, the caller is told all the same: the
/// provider has been asked, so an error here would invite a second request, and the callback settles the record.
pub(crate) async fn record(records: &Records, mut job: Job, event: Event, deadline: OffsetDateTime) -> Job {
    let now = OffsetDateTime::now_utc();
    match tokio::time::timeout(time_to_record(deadline), records.apply(job.id, &event, now)).await {
        Ok(Ok((job, _))) => return job,
        Ok(Err(fault)) => fault.log("what came of asking the provider is not recorded"),
        Err(_) => {
            tracing::error!(job_id = %job.id, "what came of asking the provider is not recorded in time")
        }
    }
    job.apply(event, now);
    job
}

/// Half of what is left, so that there is time to answer.
pub(crate) fn time_to_record(deadline: OffsetDateTime) -> Duration {
    (left(deadline) / 2).max(LEAST_TO_RECORD)
}
