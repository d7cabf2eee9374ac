//! Telling others what became of a job, right after it was written, and what a provider reported that is about none.

pub(crate) mod caller_webhook;
pub(crate) mod silent_hosts;

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use job_store::DeliveryRecord;
use model::{Error, ErrorClass, Job, NotifyTargets, OutboxProgress, ProviderName};
use notifications::{ProviderEvent, UnreachableServices};
use outbox::OutboxDispatcher;
use time::OffsetDateTime;

use crate::worker::Worker;

/// The most time that the event bus gets at once. Files and other jobs wait meanwhile.
const MAX_NOTIFY_TIME: Duration = Duration::from_millis(1500);
/// When the sweep tries again to tell what it could not.
const LATER: time::Duration = time::Duration::seconds(60);

/// Who did not hear what the sweep had to tell: nobody else waits for them in this sweep.
#[derive(Debug, Default)]
pub(crate) struct UnreachableTargets {
    bus: AtomicBool,
    callers: AtomicBool,
    pub(crate) workflows: UnreachableServices,
}

impl Worker {
    /// Tells others what is new about a job. What they cannot be told now, the sweep tells them.
    pub(crate) async fn tell(&self, job: &Job) {
        let (telling, unreachable) = (self.telling(), UnreachableServices::default());
        // Side by side, and each remembered for itself: neither waits for the other.
        let (bus, workflows, caller) = tokio::join!(
            in_time(Box::pin(telling.bus(job))),
            telling.workflows(job, &unreachable),
            in_time(Box::pin(telling.caller(job)))
        );
        for error in [bus, workflows, caller].into_iter().filter_map(Result::err) {
            error.log("others are told of a job later");
        }
    }

    /// Tells others what a crash or an outage left untold, as far as they can be reached.
    pub(crate) async fn make_up(&self, job: &Job, deaf: &UnreachableTargets) -> Result<(), Error> {
        let telling = self.telling();
        let (bus, workflows, caller) = tokio::join!(
            unless(&deaf.bus, job, in_time(Box::pin(telling.bus(job)))),
            telling.workflows(job, &deaf.workflows),
            unless(&deaf.callers, job, in_time(Box::pin(telling.caller(job))))
        );
        let errors: Vec<Error> = [bus, workflows, caller].into_iter().filter_map(Result::err).collect();
        if errors.is_empty() {
            // Also when there was nothing to tell any more.
            return self.records.told(job.id, OutboxProgress::default()).await;
        }
        for error in &errors {
            error.log("others cannot be told of a job, the next sweep tries again");
        }
        // It makes way for others in the index that finds it.
        self.records.postpone_notifications(job.id, OffsetDateTime::now_utc() + LATER).await
    }

    fn telling(&self) -> OutboxDispatcher<'_> {
        OutboxDispatcher {
            records: &self.records,
            events: self.events.as_ref(),
            workflows: &self.workflows,
            caller_webhooks: &self.caller_webhooks,
        }
    }

    /// Lets those who wait for a job know that it goes on.
    pub(crate) async fn give_sign(&self, job: &Job, unreachable: &UnreachableServices) -> Result<(), Error> {
        let gone = self.workflows.give_sign(job, unreachable).await;
        if !gone.is_empty() {
            self.records.remove_waiters(job.id, &gone).await?;
        }
        self.records
            .postpone_heartbeat(job.id, OffsetDateTime::now_utc() + NotifyTargets::BETWEEN_SIGNS)
            .await
    }

    /// Passes on what a provider reported. The queue keeps it until the bus has it.
    pub(crate) async fn pass_on(
        &self,
        provider: &ProviderName,
        delivery: &DeliveryRecord<'_>,
        body: &Bytes,
    ) -> Result<(), Error> {
        let Some(events) = &self.events else { return Ok(()) };
        let (id, name, received_at) = (delivery.id, delivery.name, delivery.received_at);
        let body = serde_json::from_slice(body).ok();
        events.pass_on(&ProviderEvent { id, provider, name, received_at, body }).await
    }
}

/// Tells somebody of a job, unless they did not hear before.
async fn unless(
    deaf: &AtomicBool,
    job: &Job,
    telling: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    if deaf.load(Ordering::Relaxed) && !job.outbox.events.is_empty() {
        return Err(slow());
    }
    let told = telling.await;
    if told.is_err() {
        deaf.store(true, Ordering::Relaxed);
    }
    told
}

/// In a place of its own: the clients' futures are long, and a landing's future need not hold them.
async fn in_time(telling: Pin<Box<impl Future<Output = Result<(), Error>>>>) -> Result<(), Error> {
    tokio::time::timeout(MAX_NOTIFY_TIME, telling).await.unwrap_or_else(|_| Err(slow()))
}

fn slow() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "others could not be told in time").retry_after(5)
}
