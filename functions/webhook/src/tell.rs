//! Telling others what became of a job, right after it was written, and what a provider reported that is about none.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use model::{Audience, Fault, FaultClass, Job, ProviderName};
use notify::{JobEvent, ProviderEvent, Unreachable};
use records::DeliveryRecord;
use time::OffsetDateTime;

use crate::worker::Worker;

/// The most time that the event bus gets at once. Files and other jobs wait meanwhile.
const LONGEST: Duration = Duration::from_millis(1500);
/// When the sweep tries again to tell what it could not.
const LATER: time::Duration = time::Duration::seconds(60);

/// Who did not hear what the sweep had to tell: nobody else waits for them in this sweep.
#[derive(Debug, Default)]
pub(crate) struct Deaf {
    bus: AtomicBool,
    pub(crate) workflows: Unreachable,
}

impl Worker {
    /// Tells others what is new about a job. What they cannot be told now, the sweep tells them.
    pub(crate) async fn tell(&self, job: &Job) {
        let unreachable = Unreachable::default();
        // Side by side, and each remembered for itself: neither waits for the other.
        let (bus, workflows) = tokio::join!(self.tell_bus(job), self.tell_workflows(job, &unreachable));
        for fault in [bus, workflows].into_iter().filter_map(Result::err) {
            fault.log("others are told of a job later");
        }
    }

    /// Tells others what a crash or an outage left untold, as far as they can be reached.
    pub(crate) async fn make_up(&self, job: &Job, deaf: &Deaf) -> Result<(), Fault> {
        let bus = async {
            match deaf.bus.load(Ordering::Relaxed) {
                true if !job.outbox.announcements.is_empty() => Err(slow()),
                _ => self.tell_bus(job).await,
            }
        };
        let (bus, workflows) = tokio::join!(bus, self.tell_workflows(job, &deaf.workflows));
        if bus.is_err() {
            deaf.bus.store(true, Ordering::Relaxed);
        }
        let faults: Vec<Fault> = [bus, workflows].into_iter().filter_map(Result::err).collect();
        if faults.is_empty() {
            // Also when there was nothing to tell any more.
            return self.records.told(job.id, 0).await;
        }
        for fault in &faults {
            fault.log("others cannot be told of a job, the next sweep tries again");
        }
        // It makes way for others in the index that finds it.
        self.records.tell_later(job.id, OffsetDateTime::now_utc() + LATER).await
    }

    async fn tell_workflows(&self, job: &Job, unreachable: &Unreachable) -> Result<(), Fault> {
        let told = self.workflows.tell(job, unreachable).await;
        if !told.done.is_empty() {
            self.records.dismiss(job.id, &told.done).await?;
        }
        told.left.map_or(Ok(()), Err)
    }

    /// Lets those who wait for a job know that it goes on.
    pub(crate) async fn give_sign(&self, job: &Job, unreachable: &Unreachable) -> Result<(), Fault> {
        let gone = self.workflows.give_sign(job, unreachable).await;
        if !gone.is_empty() {
            self.records.dismiss(job.id, &gone).await?;
        }
        self.records.sign_later(job.id, OffsetDateTime::now_utc() + Audience::BETWEEN_SIGNS).await
    }

    async fn tell_bus(&self, job: &Job) -> Result<(), Fault> {
        let Some(last) = job.outbox.announcements.last() else { return Ok(()) };
        // In a place of its own: the client's futures are long, and a landing's future need not hold them.
        let telling = Box::pin(async {
            // Without a bus there is nobody to tell any more.
            if let Some(events) = &self.events {
                events.publish(&JobEvent::all(job)).await?;
            }
            self.records.told(job.id, last.sequence).await
        });
        tokio::time::timeout(LONGEST, telling).await.unwrap_or_else(|_| Err(slow()))
    }

    /// Passes on what a provider reported. The queue keeps it until the bus has it.
    pub(crate) async fn pass_on(
        &self,
        provider: &ProviderName,
        delivery: &DeliveryRecord<'_>,
        body: &Bytes,
    ) -> Result<(), Fault> {
        let Some(events) = &self.events else { return Ok(()) };
        let (id, name, received_at) = (delivery.id, delivery.name, delivery.received_at);
        let body = serde_json::from_slice(body).ok();
        events.pass_on(&ProviderEvent { id, provider, name, received_at, body }).await
    }
}

fn slow() -> Fault {
    Fault::new(FaultClass::StorageUnavailable, "the event bus did not answer in time").retry_after(5)
}
