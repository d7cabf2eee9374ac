//! Recording what came of asking, and telling others right after.

use std::time::Duration;

use exchange::left;
use model::{Event, Job};
use notify::JobEvent;
use time::OffsetDateTime;

use crate::App;

/// The least time that the table gets to take what came of asking.
const LEAST_TO_RECORD: Duration = Duration::from_millis(500);

/// The most time that the event bus gets: a caller waits meanwhile, and the sweep makes up for it.
const LONGEST_TO_TELL: Duration = Duration::from_millis(1500);

impl App {
    /// Records what came of asking. If the table does not take it in time, the caller is told all the same: the
    /// provider has been asked, so an error here would invite a second request, and the callback settles the record.
    pub(crate) async fn record(&self, mut job: Job, event: Event, deadline: OffsetDateTime) -> Job {
        let now = OffsetDateTime::now_utc();
        let applied = self.records.apply(job.id, &event, now);
        match tokio::time::timeout(time_to_record(deadline), applied).await {
            Ok(Ok((job, _))) => {
                self.tell(&job, deadline).await;
                return job;
            }
            Ok(Err(fault)) => fault.log("what came of asking the provider is not recorded"),
            Err(_) => {
                tracing::error!(job_id = %job.id, "what came of asking the provider is not recorded in time")
            }
        }
        job.apply(event, now);
        job
    }

    /// Tells others what is new about a job. What they cannot be told in time, the sweep tells them.
    pub(crate) async fn tell(&self, job: &Job, deadline: OffsetDateTime) {
        let (Some(events), Some(last)) = (&self.events, job.outbox.announcements.last()) else { return };
        // In a place of its own: the client's futures are long, and a submission's future need not hold them.
        let telling = Box::pin(async {
            events.publish(&JobEvent::all(job)).await?;
            self.records.told(job.id, last.sequence).await
        });
        match tokio::time::timeout(LONGEST_TO_TELL.min(left(deadline) / 4), telling).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => fault.log("others are told of a job later"),
            Err(_) => {
                tracing::warn!(job_id = %job.id, "others are told of a job later, the event bus is slow")
            }
        }
    }
}

/// Half of what is left, so that there is time to answer.
pub(crate) fn time_to_record(deadline: OffsetDateTime) -> Duration {
    (left(deadline) / 2).max(LEAST_TO_RECORD)
}
