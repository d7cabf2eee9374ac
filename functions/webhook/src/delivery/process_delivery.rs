//! Processes one queued delivery.

use bucket::Bucket;
use bytes::Bytes;
use job_store::{JobStore, NewDeliveryLogEntry, StoredJob};
use model::{Error, ErrorClass, JobChange, JobEvent, JobId, truncate_text};
use notifications::EventBus;
use providers::{DeliveryReport, Provider};
use queues::{DeliveryBody, DeliveryRoute, QueuedDelivery};
use runtime::{Segment, SegmentId, XrayDaemon};
use time::OffsetDateTime;

use super::{
    find_job::{JobFinder, JobLookup},
    poll_after_callback::CallbackPoll,
};
use crate::{
    clients::WorkerClients,
    landing::land_job::Landing,
    notifications::provider_event::forward_provider_event,
    queue_message::{MessageFailure, MessageReceipt},
    stored_source_urls::store_long_source_list,
};

/// The longest body that is recorded with the job. A longer one stays in S3, or is not recorded.
const MAX_RECORDED_BYTES: usize = 128 * 1024;
/// The longest text that says why a delivery is malformed.
const MAX_PROBLEM_BYTES: usize = 300;

/// Processes deliveries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeliveryProcessor<'a> {
    job_store: &'a JobStore,
    bucket: &'a Bucket,
    event_bus: Option<&'a EventBus>,
    tracer: &'a XrayDaemon,
    job_finder: JobFinder<'a>,
    callback_poll: CallbackPoll<'a>,
    landing: Landing<'a>,
}

/// A delivery whose job is known.
struct ParsedDelivery<'a> {
    provider: &'a dyn Provider,
    report: DeliveryReport,
    received_at: OffsetDateTime,
    receipt: &'a MessageReceipt,
}

impl<'a> DeliveryProcessor<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            bucket: &clients.bucket,
            event_bus: clients.event_bus.as_ref(),
            tracer: &clients.tracer,
            job_finder: JobFinder::new(clients),
            callback_poll: CallbackPoll::new(clients),
            landing: Landing::new(clients),
        }
    }

    /// Processes a delivery.
    pub(crate) async fn process(
        &self,
        message: QueuedDelivery,
        receipt: &MessageReceipt,
    ) -> Result<(), MessageFailure> {
        let body = self.load_body(&message).await?;
        let provider = providers::find_provider(message.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "a queued delivery names no known provider"))?;
        runtime::record_provider(provider.name());
        let report = match message.route {
            DeliveryRoute::SubmitResponse(_) => provider.read_submit_response(&body),
            DeliveryRoute::Callback(_) | DeliveryRoute::Workspace => provider.read_delivery(&body),
        };
        let (report, problem) = match report {
            Ok(report) => (report, None),
            Err(malformed) => {
                let problem = truncate_text(&malformed.to_string(), MAX_PROBLEM_BYTES);
                tracing::warn!(
                    metric = "MalformedDeliveries",
                    count = 1,
                    problem,
                    "delivery cannot be parsed"
                );
                (DeliveryReport::without_event(), Some(problem))
            }
        };
        let delivery = NewDeliveryLogEntry {
            problem: problem.as_deref(),
            ..delivery_record(&message, &report, &body, receipt)
        };
        match self.job_finder.find(&message, &report).await? {
            JobLookup::Found(id) => {
                runtime::record_job_id(id);
                let job = self.record_delivery(id, &delivery).await?;
                let delivery = ParsedDelivery { provider, report, received_at: message.received_at, receipt };
                self.update_job(job, delivery).await
            }
            JobLookup::Requeued => Ok(()),
            JobLookup::NotFound => {
                let (event, provider) = (&report.event_name, &message.provider);
                tracing::info!(metric = "UnmatchedDeliveries", count = 1, event, %provider, "delivery matches no job");
                self.job_store.record_workspace_delivery(provider, &delivery).await?;
                Ok(forward_provider_event(self.event_bus, provider, &delivery, &body).await?)
            }
        }
    }

    /// Applies the report of a delivery to its job and lands the job. An unverified report triggers a poll instead.
    async fn update_job(
        &self,
        mut job: StoredJob,
        delivery: ParsedDelivery<'_>,
    ) -> Result<(), MessageFailure> {
        let ParsedDelivery { provider, report, received_at, receipt } = delivery;
        let mut segment =
            Segment::start(job.trace.as_ref(), "Landfall callback").with_start_time(received_at);
        segment.add_annotation("event", report.event_name.clone());
        if report.is_unverified {
            self.send_segment(segment, job.id);
            return Ok(self.callback_poll.process_callback(&job, report, receipt.deadline).await?);
        }
        if provider.is_report_for_kind(&report, &job.kind) {
            job = self.apply_report(job, report).await?;
        }
        let callback = self.send_segment(segment, job.id);
        self.landing.land(job.id, Some(&job), receipt, callback.as_ref()).await
    }

    /// Sends the trace segment of a callback. Returns its id, for the landing that follows.
    fn send_segment(&self, mut segment: Segment, job: JobId) -> Option<SegmentId> {
        segment.add_annotation("job_id", job.to_string());
        let id = segment.id();
        self.tracer.send(segment);
        id
    }

    async fn load_body(&self, message: &QueuedDelivery) -> Result<Bytes, Error> {
        if let Some(bytes) = message.body.decode_inline()? {
            return Ok(bytes);
        }
        let DeliveryBody::S3Key(key) = &message.body else { return Ok(Bytes::new()) };
        let stored = self.bucket.get_object(key).await?;
        stored.ok_or_else(|| {
            Error::new(ErrorClass::Internal, "the body of a queued delivery is missing in the bucket")
        })
    }

    async fn record_delivery(
        &self,
        id: JobId,
        delivery: &NewDeliveryLogEntry<'_>,
    ) -> Result<StoredJob, Error> {
        let not_found = || {
            let message = format!("an authentic delivery names job {id}, which is not in the table");
            Error::new(ErrorClass::NotFound, message)
        };
        let job = self.job_store.get_stored(id).await?.ok_or_else(not_found)?;
        self.job_store.record_delivery(id, delivery).await?;
        Ok(job)
    }

    /// Applies a report to its job as it was read for the record of the delivery. Returns the job after it.
    async fn apply_report(&self, mut job: StoredJob, report: DeliveryReport) -> Result<StoredJob, Error> {
        let now = OffsetDateTime::now_utc();
        if let Some(provider_job_id) = report.provider_job_id {
            let accepted = JobEvent::SubmissionAccepted { provider_job_id };
            // A provider job id that is recorded stays recorded, so this needs no newer version of the job.
            if job.is_changed_by(&accepted) {
                (job, _) = self.job_store.apply_event_to(&job, &accepted, now).await?;
            }
        }
        let Some(event) = report.event else { return Ok(job) };
        let event = store_long_source_list(self.bucket, &job.provider, event).await?;
        let (job, change) = self.job_store.apply_event_to(&job, &event, now).await?;
        let (id, changed) = (job.id, change != JobChange::Unchanged);
        tracing::info!(job_id = %id, event = report.event_name, status = job.status.as_str(), changed, "delivery applied");
        Ok(job)
    }
}

fn delivery_record<'a>(
    message: &'a QueuedDelivery,
    report: &'a DeliveryReport,
    body: &'a Bytes,
    receipt: &'a MessageReceipt,
) -> NewDeliveryLogEntry<'a> {
    let body_key = match &message.body {
        DeliveryBody::S3Key(key) => Some(key.as_str()),
        DeliveryBody::Text(_) | DeliveryBody::Base64(_) => None,
    };
    NewDeliveryLogEntry {
        received_at: message.received_at,
        id: message.delivery_id.as_deref().unwrap_or(&receipt.message_id),
        name: &report.event_name,
        body: std::str::from_utf8(body).ok().filter(|text| text.len() <= MAX_RECORDED_BYTES),
        body_key,
        problem: None,
    }
}
