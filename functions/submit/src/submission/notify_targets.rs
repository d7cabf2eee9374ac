//! Notifies the targets of a job right after a change: the event bus, workflow waiters and the caller's webhook.

use std::time::Duration;

use job_store::JobStore;
use model::Job;
use notifications::{EventBus, UnreachableServices, WorkflowNotifier};
use outbox::OutboxDispatcher;
use provider_client::time_until;
use queues::CallerWebhookQueue;
use time::OffsetDateTime;

use crate::clients::Clients;

/// The longest timeout of a notification. A caller waits for it, and the sweep sends what was not sent.
const MAX_NOTIFY_TIME: Duration = Duration::from_millis(1500);

/// Sends the notifications of jobs within one invocation.
#[derive(Clone, Copy)]
pub(crate) struct JobNotifier<'a> {
    job_store: &'a JobStore,
    event_bus: Option<&'a EventBus>,
    workflow_waiters: &'a WorkflowNotifier,
    caller_webhook_queue: &'a CallerWebhookQueue,
    deadline: OffsetDateTime,
}

impl<'a> JobNotifier<'a> {
    pub(crate) fn new(clients: &'a Clients, deadline: OffsetDateTime) -> Self {
        Self {
            job_store: &clients.job_store,
            event_bus: clients.event_bus.as_ref(),
            workflow_waiters: &clients.workflow_waiters,
            caller_webhook_queue: &clients.caller_webhook_queue,
            deadline,
        }
    }

    /// Sends the notifications in the job's outbox. The sweep sends those that do not succeed in time.
    pub(crate) async fn notify_targets(&self, job: &Job) {
        let timeout = MAX_NOTIFY_TIME.min(time_until(self.deadline) / 4);
        // The timeout applies to each workflow by itself, so that a slow one does not prevent that the notification of
        // another one is recorded as sent.
        let workflow_waiters = self.workflow_waiters.with_timeout(timeout);
        let dispatcher = OutboxDispatcher {
            job_store: self.job_store,
            event_bus: self.event_bus,
            workflow_notifier: &workflow_waiters,
            caller_webhook_queue: self.caller_webhook_queue,
        };
        let (unreachable, now) = (UnreachableServices::default(), OffsetDateTime::now_utc());
        // The three run concurrently, and each one records its own progress. The futures are boxed because they are
        // large: the future of a submission need not contain them.
        let (event_bus, workflows, caller_webhook) = tokio::join!(
            tokio::time::timeout(timeout, Box::pin(dispatcher.publish_events(job))),
            tokio::time::timeout(timeout * 2, Box::pin(dispatcher.notify_workflows(job, &unreachable, now))),
            tokio::time::timeout(timeout, Box::pin(dispatcher.queue_caller_webhooks(job)))
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
}
