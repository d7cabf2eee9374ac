//! Sends the notifications in a job's outbox to its targets: the event bus, the workflows that wait for the job, and the
//! queue of the caller's webhooks. Each target is notified separately, and what was sent to it is recorded at once, so
//! that an outage of one target causes no duplicates at the others.

use job_store::JobStore;
use model::{Error, Job, OutboxProgress};
use notifications::{CallerWebhookMessage, EventBus, JobEvent, UnreachableServices, WorkflowWaiters};
use queues::{CallerWebhook, CallerWebhookQueue};

/// Sends the notifications of jobs to their targets and records the progress.
#[derive(Debug, Clone, Copy)]
pub struct OutboxDispatcher<'a> {
    /// The store of the jobs.
    pub records: &'a JobStore,
    /// The event bus, if one is configured.
    pub events: Option<&'a EventBus>,
    /// The client that notifies waiting workflows.
    pub workflows: &'a WorkflowWaiters,
    /// The queue of callers' webhooks.
    pub caller_webhooks: &'a CallerWebhookQueue,
}

impl OutboxDispatcher<'_> {
    /// Publishes the pending events of a job to the event bus.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the events stay pending.
    pub async fn bus(&self, job: &Job) -> Result<(), Error> {
        let Some(last) = job.outbox.events.last() else { return Ok(()) };
        // A caller whose webhook needs none of these events is up to date.
        let caller = CallerWebhookMessage::all(job).is_empty().then_some(last.sequence);
        if self.events.is_none() && caller.is_none() {
            return Ok(());
        }
        // Without an event bus, the events count as published.
        if let Some(event_bus) = self.events {
            event_bus.publish(&JobEvent::all(job)).await?;
        }
        self.records.told(job.id, OutboxProgress { bus: Some(last.sequence), caller }).await
    }

    /// Notifies the workflows that wait for a finished job, except those of unreachable services.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the other workflows stay pending.
    pub async fn workflows(&self, job: &Job, unreachable: &UnreachableServices) -> Result<(), Error> {
        let result = self.workflows.tell(job, unreachable).await;
        if !result.done.is_empty() {
            self.records.remove_waiters(job.id, &result.done).await?;
        }
        result.left.map_or(Ok(()), Err)
    }

    /// Sends the pending webhooks of a job to the caller webhook queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the webhooks stay pending.
    pub async fn caller(&self, job: &Job) -> Result<(), Error> {
        let (Some(last), Some(url)) = (job.outbox.events.last(), &job.audience.webhook_url) else {
            return Ok(());
        };
        let webhooks = CallerWebhookMessage::all(job);
        if webhooks.is_empty() {
            return Ok(());
        }
        for CallerWebhookMessage { id, body } in webhooks {
            let webhook = CallerWebhook { job_id: job.id, url: url.expose().to_owned(), id, body };
            self.caller_webhooks.send(&webhook).await?;
        }
        let bus = self.events.is_none().then_some(last.sequence);
        self.records.told(job.id, OutboxProgress { bus, caller: Some(last.sequence) }).await
    }
}
