//! Telling others what became of a job, each of them apart: the event bus, the workflows that wait, and the queue from
//! which the caller's webhook is told. What each of them has heard is remembered at once, so that an outage of one makes
//! nobody else hear anything twice.

use job_store::JobStore;
use model::{Error, Job, OutboxProgress};
use notifications::{CallerWebhookMessage, EventBus, JobEvent, UnreachableServices, WorkflowWaiters};
use queues::{CallerWebhook, CallerWebhookQueue};

/// Those who are told, and where it is remembered that they were.
#[derive(Debug, Clone, Copy)]
pub struct OutboxDispatcher<'a> {
    /// Where jobs are remembered.
    pub records: &'a JobStore,
    /// The event bus, if there is one.
    pub events: Option<&'a EventBus>,
    /// Workflows that wait for jobs.
    pub workflows: &'a WorkflowWaiters,
    /// The queue of what callers are told by their own webhooks.
    pub caller_webhooks: &'a CallerWebhookQueue,
}

impl OutboxDispatcher<'_> {
    /// Publishes what the event bus has not heard of a job.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]; then it is to be told again.
    pub async fn bus(&self, job: &Job) -> Result<(), Error> {
        let Some(last) = job.outbox.events.last() else { return Ok(()) };
        // Whoever hears of nothing in there has heard all of it.
        let caller = CallerWebhookMessage::all(job).is_empty().then_some(last.sequence);
        if self.events.is_none() && caller.is_none() {
            return Ok(());
        }
        // Without a bus nobody is there to be told any more.
        if let Some(events) = self.events {
            events.publish(&JobEvent::all(job)).await?;
        }
        self.records.told(job.id, OutboxProgress { bus: Some(last.sequence), caller }).await
    }

    /// Tells the workflows that wait for a job that is at its end, unless their service was found unreachable.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]; then those who are left are to be told again.
    pub async fn workflows(&self, job: &Job, unreachable: &UnreachableServices) -> Result<(), Error> {
        let told = self.workflows.tell(job, unreachable).await;
        if !told.done.is_empty() {
            self.records.remove_waiters(job.id, &told.done).await?;
        }
        told.left.map_or(Ok(()), Err)
    }

    /// Hands over what a job's caller is to be told, to the queue that it is told from.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]; then it is to be handed over again.
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
