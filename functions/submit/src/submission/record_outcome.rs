//! Recording what came of asking, and telling others right after.

use std::time::Duration;

use model::{Event, Job};
use notifications::UnreachableServices;
use outbox::OutboxDispatcher;
use provider_client::time_left;
use time::OffsetDateTime;

use crate::App;

/// The least time that the table gets to take what came of asking.
const MIN_RECORD_TIME: Duration = Duration::from_millis(500);

/// The most time that the event bus gets: a caller waits meanwhile, and the sweep makes up for it.
const MAX_NOTIFY_TIME: Duration = Duration::from_millis(1500);

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
            Ok(Err(error)) => error.log("what came of asking the provider is not recorded"),
            Err(_) => {
                tracing::error!(job_id = %job.id, "what came of asking the provider is not recorded in time")
            }
        }
        job.apply(event, now);
        job
    }

    /// Tells others what is new about a job. What they cannot be told in time, the sweep tells them.
    pub(crate) async fn tell(&self, job: &Job, deadline: OffsetDateTime) {
        let longest = MAX_NOTIFY_TIME.min(time_left(deadline) / 4);
        // Their time is kept call by call: what one of them has heard is remembered, however long another takes.
        let workflows = self.workflows.within(longest);
        let telling = OutboxDispatcher {
            records: &self.records,
            events: self.events.as_ref(),
            workflows: &workflows,
            caller_webhooks: &self.caller_webhooks,
        };
        let unreachable = UnreachableServices::default();
        // Side by side, and each remembered for itself: neither waits for the other. In places of their own: the
        // clients' futures are long, and a submission's future need not hold them.
        let (bus, workflows, caller) = tokio::join!(
            tokio::time::timeout(longest, Box::pin(telling.bus(job))),
            tokio::time::timeout(longest * 2, Box::pin(telling.workflows(job, &unreachable))),
            tokio::time::timeout(longest, Box::pin(telling.caller(job)))
        );
        for told in [bus, workflows, caller] {
            match told {
                Ok(Ok(())) => {}
                Ok(Err(error)) => error.log("others are told of a job later"),
                Err(_) => {
                    tracing::warn!(job_id = %job.id, "others are told of a job later, this took too long")
                }
            }
        }
    }
}

/// Half of what is left, so that there is time to answer.
pub(crate) fn time_to_record(deadline: OffsetDateTime) -> Duration {
    (time_left(deadline) / 2).max(MIN_RECORD_TIME)
}
