//! Telling others what became of a job, right after it was written, and what a provider reported that is about none.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use inbox::CallerWebhook;
use model::{Fault, FaultClass, Job, ProviderName, Told};
use notify::{JobEvent, ProviderEvent, Webhook};
use records::DeliveryRecord;
use time::OffsetDateTime;

use crate::worker::Worker;

/// The most time that each of those who are told gets at once. Files and other jobs wait meanwhile.
const LONGEST: Duration = Duration::from_millis(1500);
/// When the sweep tries again to tell what it could not.
const LATER: time::Duration = time::Duration::seconds(60);

/// Who could not be told a moment ago, and is not waited for again.
#[derive(Debug, Default)]
pub(crate) struct Down {
    bus: AtomicBool,
    callers_queue: AtomicBool,
}

impl Worker {
    /// Tells others what is new about a job. What they cannot be told now, the sweep tells them.
    pub(crate) async fn tell(&self, job: &Job) {
        if let Err(fault) = self.try_to_tell(job, &Down::default()).await {
            fault.log("what others were told of a job is not noted, they are told again");
        }
    }

    /// Tells others what a crash or an outage left untold. Those that are down are told by a later sweep.
    pub(crate) async fn make_up(&self, job: &Job, down: &Down) -> Result<(), Fault> {
        let told = self.try_to_tell(job, down).await.unwrap_or_else(|fault| {
            fault.log("what others were told of a job is not noted, the next sweep tells them again");
            false
        });
        // A job makes way for others in the index that finds it.
        let later = OffsetDateTime::now_utc() + LATER;
        if told { Ok(()) } else { self.records.tell_later(job.id, later).await }
    }

    /// Tells whoever can be told. Returns whether all of them were.
    async fn try_to_tell(&self, job: &Job, down: &Down) -> Result<bool, Fault> {
        let Some(last) = job.outbox.announcements.last().map(|last| last.sequence) else { return Ok(true) };
        // In places of their own: the clients' futures are long, and a landing's future need not hold them.
        let (bus, caller) = tokio::join!(
            Box::pin(attempt(&down.bus, self.publish(job))),
            Box::pin(attempt(&down.callers_queue, self.hand_over(job)))
        );
        if bus || caller {
            let told = Told { bus: bus.then_some(last), caller: caller.then_some(last) };
            let noted = tokio::time::timeout(LONGEST, Box::pin(self.records.told(job.id, told))).await;
            noted.unwrap_or_else(|_| Err(slow()))?;
        }
        Ok(bus && caller)
    }

    async fn publish(&self, job: &Job) -> Result<(), Fault> {
        // Without a bus there is nobody to tell any more.
        let Some(events) = &self.events else { return Ok(()) };
        events.publish(&JobEvent::all(job)).await
    }

    /// Hands over what a job's caller is to be told, to the queue that it is told from.
    async fn hand_over(&self, job: &Job) -> Result<(), Fault> {
        let Some(url) = &job.audience.webhook_url else { return Ok(()) };
        for Webhook { id, body } in Webhook::all(job) {
            let webhook = CallerWebhook { job_id: job.id, url: url.expose().to_owned(), id, body };
            self.caller_webhooks.send(&webhook).await?;
        }
        Ok(())
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

/// Tells one of the others in time, unless it is down. Returns whether it was told.
async fn attempt(down: &AtomicBool, telling: impl Future<Output = Result<(), Fault>>) -> bool {
    if down.load(Ordering::Relaxed) {
        return false;
    }
    let told = tokio::time::timeout(LONGEST, telling).await.unwrap_or_else(|_| Err(slow()));
    if let Err(fault) = &told {
        fault.log("others are told of a job later");
        down.store(true, Ordering::Relaxed);
    }
    told.is_ok()
}

fn slow() -> Fault {
    Fault::new(FaultClass::StorageUnavailable, "others could not be told in time").retry_after(5)
}
