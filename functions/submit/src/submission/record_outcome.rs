//! Records events on jobs, and sends the notifications that follow from them.

use std::time::Duration;

use job_store::JobStore;
use model::{Event, Job};
use notifications::{EventBus, UnreachableServices, WorkflowWaiters};
use outbox::OutboxDispatcher;
use provider_client::time_left;
use queues::CallerWebhookQueue;
use time::OffsetDateTime;

use crate::clients::Clients;

/// The shortest timeout of a write to the table.
const MIN_RECORD_TIME: Duration = Duration::from_millis(500);

/// The longest timeout of a notification. A caller waits for it, and the sweep sends what was not sent.
const MAX_NOTIFY_TIME: Duration = Duration::from_millis(1500);

/// Records events and notifies their targets within one invocation.
#[derive(Clone, Copy)]
pub(crate) struct OutcomeRecorder<'a> {
    job_store: &'a JobStore,
    event_bus: Option<&'a EventBus>,
    workflow_waiters: &'a WorkflowWaiters,
    caller_webhook_queue: &'a CallerWebhookQueue,
    deadline: OffsetDateTime,
}

impl<'a> OutcomeRecorder<'a> {
    pub(crate) fn new(clients: &'a Clients, deadline: OffsetDateTime) -> Self {
        Self {
            job_store: &clients.job_store,
            event_bus: clients.event_bus.as_ref(),
            workflow_waiters: &clients.workflow_waiters,
            caller_webhook_queue: &clients.caller_webhook_queue,
            deadline,
        }
    }

    /// Records an event after a request to the provider, and returns the job with it.
    ///
    /// A failed write is no error: the provider has received the request, so an error would make the caller send a second
    /// one. The callback corrects the record.
    pub(crate) async fn record(&self, mut job: Job, event: Event) -> Job {
        let now = OffsetDateTime::now_utc();
        let applied = self.job_store.apply(job.id, &event, now);
        match tokio::time::timeout(self.time_to_record(), applied).await {
            Ok(Ok((job, _))) => {
                self.notify_targets(&job).await;
                return job;
            }
            Ok(Err(error)) => error.log("the outcome of a submission is not recorded"),
            Err(_) => {
                tracing::error!(job_id = %job.id, "the outcome of a submission is not recorded in time")
            }
        }
        job.apply(event, now);
        job
    }

    /// Sends the notifications that the job's outbox holds. The sweep sends those that do not succeed in time.
    pub(crate) async fn notify_targets(&self, job: &Job) {
        let timeout = MAX_NOTIFY_TIME.min(time_left(self.deadline) / 4);
        // The timeout applies to each call, so that a slow call does not undo the progress recorded after another one.
        let workflow_waiters = self.workflow_waiters.within(timeout);
        let dispatcher = OutboxDispatcher {
            records: self.job_store,
            events: self.event_bus,
            workflows: &workflow_waiters,
            caller_webhooks: self.caller_webhook_queue,
        };
        let unreachable = UnreachableServices::default();
        // The three run concurrently, and each one records its progress by itself. The futures are boxed because they are
        // large, and the future of a submission would contain them.
        let (event_bus, workflows, caller_webhook) = tokio::join!(
            tokio::time::timeout(timeout, Box::pin(dispatcher.bus(job))),
            tokio::time::timeout(timeout * 2, Box::pin(dispatcher.workflows(job, &unreachable))),
            tokio::time::timeout(timeout, Box::pin(dispatcher.caller(job)))
        );
        for result in [event_bus, workflows, caller_webhook] {
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => error.log("a notification about a job is postponed"),
                Err(_) => {
                    tracing::warn!(job_id = %job.id, "a notification about a job is postponed: it timed out")
                }
            }
        }
    }

    /// The timeout of a write: half of the time left, so that the other half remains for the response.
    pub(crate) fn time_to_record(&self) -> Duration {
        (time_left(self.deadline) / 2).max(MIN_RECORD_TIME)
    }
}
