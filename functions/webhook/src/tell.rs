//! Telling others what became of a job, right after it was written, and what a provider reported that is about none.

use std::time::Duration;

use bytes::Bytes;
use model::{Fault, FaultClass, Job, ProviderName};
use notify::{JobEvent, ProviderEvent};
use records::DeliveryRecord;
use time::OffsetDateTime;

use crate::worker::Worker;

/// The most time that the event bus gets at once. Files and other jobs wait meanwhile.
const LONGEST: Duration = Duration::from_millis(1500);
/// When the sweep tries again to tell what it could not.
const LATER: time::Duration = time::Duration::seconds(60);

impl Worker {
    /// Tells others what is new about a job. What they cannot be told now, the sweep tells them.
    pub(crate) async fn tell(&self, job: &Job) {
        if let Err(fault) = self.try_to_tell(job).await {
            fault.log("others are told of a job later");
        }
    }

    /// Tells others what a crash or an outage left untold. Returns whether they could be told.
    pub(crate) async fn make_up(&self, job: &Job) -> Result<bool, Fault> {
        let Err(fault) = self.try_to_tell(job).await else { return Ok(true) };
        fault.log("others cannot be told of a job, the next sweep tries again");
        self.tell_later(job).await?;
        Ok(false)
    }

    /// Lets a job make way for others in the index that finds it.
    pub(crate) async fn tell_later(&self, job: &Job) -> Result<(), Fault> {
        self.records.tell_later(job.id, OffsetDateTime::now_utc() + LATER).await
    }

    async fn try_to_tell(&self, job: &Job) -> Result<(), Fault> {
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
