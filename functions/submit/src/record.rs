//! Recording what came of asking, and telling others right after.

use std::time::Duration;

use exchange::left;
use model::{Event, Fault, Job, Told};
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
    async fn tell(&self, job: &Job, deadline: OffsetDateTime) {
        let Some(last) = job.outbox.announcements.last().map(|last| last.sequence) else { return };
        let longest = || LONGEST_TO_TELL.min(left(deadline) / 4);
        // In places of their own: the clients' futures are long, and a submission's future need not hold them.
        let (bus, caller) = tokio::join!(
            Box::pin(in_time(longest(), "the event bus is told of a job later", self.publish(job))),
            Box::pin(in_time(longest(), "a caller is told of a job later", self.tell_caller(job)))
        );
        if bus || caller {
            let told = Told { bus: bus.then_some(last), caller: caller.then_some(last) };
            let noting = Box::pin(self.records.told(job.id, told));
            in_time(longest(), "what others were told of a job is not noted", noting).await;
        }
    }

    async fn publish(&self, job: &Job) -> Result<(), Fault> {
        let Some(events) = &self.events else { return Ok(()) };
        events.publish(&JobEvent::all(job)).await
    }
}

/// Does something within so much time. Returns whether it was done; what it means if it was not is logged.
async fn in_time(longest: Duration, otherwise: &str, doing: impl Future<Output = Result<(), Fault>>) -> bool {
    match tokio::time::timeout(longest, doing).await {
        Ok(Ok(())) => return true,
        Ok(Err(fault)) => fault.log(otherwise),
        Err(_) => tracing::warn!("{otherwise}: there was no answer in time"),
    }
    false
}

/// Half of what is left, so that there is time to answer.
pub(crate) fn time_to_record(deadline: OffsetDateTime) -> Duration {
    (left(deadline) / 2).max(LEAST_TO_RECORD)
}
