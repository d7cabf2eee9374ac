//! Dispatches the outbox of one job to the event bus, the workflows and the queue of callers' webhooks.

use job_store::JobStore;
use model::{Error, Job, OutboxProgress};
use notifications::{CallerWebhookMessage, EventBus, JobEventDetail, UnreachableServices, WorkflowNotifier};
use queues::{CallerWebhookQueue, QueuedCallerWebhook};
use time::OffsetDateTime;

/// Sends the notifications of jobs to their targets and records the progress.
#[derive(Debug, Clone, Copy)]
pub struct OutboxDispatcher<'a> {
    /// The store of the jobs.
    pub job_store: &'a JobStore,
    /// The event bus, if one is configured.
    pub event_bus: Option<&'a EventBus>,
    /// The client that notifies waiting workflows.
    pub workflow_notifier: &'a WorkflowNotifier,
    /// The queue of callers' webhooks.
    pub caller_webhook_queue: &'a CallerWebhookQueue,
}

impl OutboxDispatcher<'_> {
    /// Publishes the pending events of a job to the event bus.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the events stay pending.
    pub async fn publish_events(&self, job: &Job) -> Result<(), Error> {
        let Some(last) = job.outbox.events.last() else { return Ok(()) };
        // A caller whose webhook needs none of these events is up to date.
        let caller = CallerWebhookMessage::pending_for_caller(job).is_empty().then_some(last.sequence);
        if self.event_bus.is_none() && caller.is_none() {
            return Ok(());
        }
        // Without an event bus, the events count as published.
        if let Some(event_bus) = self.event_bus {
            event_bus.publish_job_events(&JobEventDetail::pending_for_bus(job)).await?;
        }
        self.job_store
            .mark_notified(job.id, OutboxProgress { event_bus: Some(last.sequence), caller_webhook: caller })
            .await
    }

    /// Notifies the workflows that wait for a finished job, except those of unreachable services.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`], or [`model::ErrorClass::StorageRejected`] if each of the others denies the
    /// result: the other workflows stay pending.
    pub async fn notify_workflows(
        &self,
        job: &Job,
        unreachable: &UnreachableServices,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let result = self.workflow_notifier.notify_completion(job, unreachable, now).await;
        if !result.finished_waiters.is_empty() {
            self.job_store.remove_waiters(job.id, &result.finished_waiters).await?;
        }
        result.error.map_or(Ok(()), Err)
    }

    /// Sends the pending webhooks of a job to the caller webhook queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the webhooks stay pending.
    pub async fn queue_caller_webhooks(&self, job: &Job) -> Result<(), Error> {
        let (Some(last), Some(url)) = (job.outbox.events.last(), &job.notify_targets.webhook_url) else {
            return Ok(());
        };
        let webhooks = CallerWebhookMessage::pending_for_caller(job);
        if webhooks.is_empty() {
            return Ok(());
        }
        for CallerWebhookMessage { id, body } in webhooks {
            let webhook = QueuedCallerWebhook { job_id: job.id, url: url.expose().to_owned(), id, body };
            self.caller_webhook_queue.send(&webhook).await?;
        }
        let bus = self.event_bus.is_none().then_some(last.sequence);
        self.job_store
            .mark_notified(job.id, OutboxProgress { event_bus: bus, caller_webhook: Some(last.sequence) })
            .await
    }
}
