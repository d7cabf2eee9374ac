//! The worker: turn a queued delivery into an event, and move its job on.
//!
//! A delivery may come six times, twice by two ways, late, or before the answer to our own request. Nothing
//! here asks whether a delivery was seen before: that would lose the work of a crashed worker. What has been
//! done shows in the state of the job.

pub(crate) mod job_lookup;
pub(crate) mod unverified_callback;

use bucket::Key;
use bytes::Bytes;
use job_store::DeliveryRecord;
use model::{Change, Error, ErrorClass, Event, Job, JobId, Source, SourceRole, shortened};
use providers::DeliveryReport;
use queues::{DeliveryQueueMessage, QueuedDelivery};
use runtime::{Segment, SegmentId};
use serde_json::Map;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    delivery::job_lookup::JobLookup,
    worker::{Receipt, RetryLater, Worker},
};

/// The longest body that is kept beside the job; longer ones stay in S3 or are cut off.
const MAX_RECORDED_BYTES: usize = 128 * 1024;
/// The longest list of sources that is kept in a job's record, in bytes of JSON: a DynamoDB item ends at 400 KB.
const MAX_SOURCES_BYTES: usize = 48 * 1024;
/// The longest text that says why a delivery cannot be used.
const MAX_PROBLEM_BYTES: usize = 300;

impl Worker {
    /// Deals with one queued message.
    pub(crate) async fn advance(&self, text: &str, receipt: &Receipt) -> Result<(), RetryLater> {
        match DeliveryQueueMessage::read(text)? {
            DeliveryQueueMessage::Delivery(message) => match self.deliver(message, receipt).await {
                Err(RetryLater { error, .. }) if error.class == ErrorClass::StorageRejected => {
                    // The bounds of a delivery are meant to leave nothing that gets here. It would come back in vain.
                    error.log("a delivery is given up");
                    tracing::error!(metric = "MalformedDeliveries", count = 1, "delivery cannot be kept");
                    Ok(())
                }
                done => done,
            },
            DeliveryQueueMessage::Continuation(id) => {
                runtime::set_job(id);
                self.land(id, receipt, None).await
            }
            DeliveryQueueMessage::Hint(id) => {
                runtime::set_job(id);
                Ok(self.follow(id, receipt.deadline).await?)
            }
        }
    }

    async fn deliver(&self, message: QueuedDelivery, receipt: &Receipt) -> Result<(), RetryLater> {
        let body = self.body(&message).await?;
        let provider = providers::find(message.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "a queued delivery names no known provider"))?;
        runtime::set_provider(provider.name());
        let (report, problem) = match provider.read_delivery(&body) {
            Ok(report) => (report, None),
            Err(unreadable) => {
                let problem = shortened(&unreadable.to_string(), MAX_PROBLEM_BYTES);
                tracing::warn!(metric = "MalformedDeliveries", count = 1, problem, "delivery cannot be read");
                (DeliveryReport::unreadable(), Some(problem))
            }
        };
        let delivery =
            DeliveryRecord { problem: problem.as_deref(), ..record_of(&message, &report, &body, receipt) };
        match self.find(&message, &report).await? {
            JobLookup::Job(id) => {
                runtime::set_job(id);
                let job = self.record(id, &delivery).await?;
                let mut segment =
                    Segment::of(job.trace.as_ref(), "Landfall callback").since(message.received_at);
                segment.note("event", report.name.clone());
                if report.hint {
                    self.traced(segment, id);
                    return Ok(self.hinted(&job, report, receipt.deadline).await?);
                }
                if provider.concerns(&report, &job.kind) {
                    self.apply(id, report).await?;
                }
                let callback = self.traced(segment, id);
                self.land(id, receipt, callback.as_ref()).await
            }
            JobLookup::Later => Ok(()),
            JobLookup::Nobody => {
                let (event, provider) = (&report.name, &message.provider);
                tracing::info!(metric = "UnmatchedDeliveries", count = 1, event, %provider, "no job is about this");
                self.records.record_workspace_delivery(provider, &delivery).await?;
                Ok(self.pass_on(provider, &delivery, &body).await?)
            }
        }
    }

    /// Sends what the trace of the job's request is told of a callback. Returns its id, for what comes of it.
    fn traced(&self, mut segment: Segment, job: JobId) -> Option<SegmentId> {
        segment.note("job_id", job.to_string());
        let id = segment.id();
        self.tracer.send(segment);
        id
    }

    async fn body(&self, message: &QueuedDelivery) -> Result<Bytes, Error> {
        if let Some(bytes) = message.body.bytes()? {
            return Ok(bytes);
        }
        let queues::DeliveryBody::Stored(key) = &message.body else { return Ok(Bytes::new()) };
        let stored = self.objects.get(key).await?;
        stored.ok_or_else(|| {
            Error::new(ErrorClass::Internal, "a queued delivery's body is gone from the bucket")
        })
    }

    async fn record(&self, id: JobId, delivery: &DeliveryRecord<'_>) -> Result<Job, Error> {
        let gone = || {
            let message = format!("a delivery proves job {id}, which is not in the table");
            Error::new(ErrorClass::NotFound, message)
        };
        let job = self.records.get(id).await?.ok_or_else(gone)?;
        self.records.record_delivery(id, delivery).await?;
        Ok(job)
    }

    /// The event as the job's record can hold it: a long list of sources goes into the bucket.
    pub(crate) async fn short(&self, id: JobId, event: Event) -> Result<Event, Error> {
        let Event::Finished { sources, missing } = event else { return Ok(event) };
        let unwritten = |e| Error::new(ErrorClass::Internal, "the sources cannot be written").with_source(e);
        let list = serde_json::to_vec(&sources).map_err(unwritten)?;
        if list.len() <= MAX_SOURCES_BYTES {
            return Ok(Event::Finished { sources, missing });
        }
        let provider = self.records.get(id).await?.map(|job| job.provider);
        let provider = provider.ok_or_else(|| Error::new(ErrorClass::NotFound, "there is no such job"))?;
        let key = Key::InboxBody(provider, OffsetDateTime::now_utc(), Uuid::now_v7().to_string());
        self.objects.place(&key, "application/json", list.into()).await?;
        let url = self.objects.key(&key);
        let list = Source { url, role: SourceRole::List, name: None, details: Map::new() };
        Ok(Event::Finished { sources: vec![list], missing })
    }

    async fn apply(&self, id: JobId, report: DeliveryReport) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        if let Some(provider_job_id) = report.provider_job_id {
            self.records.apply(id, &Event::Accepted { provider_job_id }, now).await?;
        }
        if let Some(event) = report.event {
            let event = self.short(id, event).await?;
            let (job, change) = self.records.apply(id, &event, now).await?;
            let changed = change != Change::Nothing;
            tracing::info!(job_id = %id, event = report.name, status = job.status.as_str(), changed, "delivery applied");
        }
        Ok(())
    }
}

fn record_of<'a>(
    message: &'a QueuedDelivery,
    report: &'a DeliveryReport,
    body: &'a Bytes,
    receipt: &'a Receipt,
) -> DeliveryRecord<'a> {
    let body_key = match &message.body {
        queues::DeliveryBody::Stored(key) => Some(key.as_str()),
        queues::DeliveryBody::Text(_) | queues::DeliveryBody::Base64(_) => None,
    };
    DeliveryRecord {
        received_at: message.received_at,
        id: message.delivery_id.as_deref().unwrap_or(&receipt.message_id),
        name: &report.name,
        body: std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_RECORDED_BYTES),
        body_key,
        problem: None,
    }
}
