//! Which job a delivery is for: the one its callback URL names, the one that has its provider job id, or one that is made now
//! because the configuration adopts such work.

use job_store::{Claim, IdempotencyKey};
use model::{Error, ErrorClass, Event, Job, JobId, NewJob, Origin, ProviderJobId};
use providers::DeliveryReport;
use queues::{DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};
use serde_json::json;
use time::OffsetDateTime;

use crate::worker::Worker;

/// How often a job is looked for again that a workspace delivery is about; the waits double.
const LOOKUPS: u32 = 3;

/// Whom a delivery is for.
#[derive(Debug)]
pub(crate) enum JobLookup {
    /// This job.
    Job(JobId),
    /// Perhaps a job that does not know its provider job id yet; the delivery is on the queue again.
    Later,
    /// No job.
    Nobody,
}

impl Worker {
    /// Finds the job that a delivery is for.
    pub(crate) async fn find(
        &self,
        message: &QueuedDelivery,
        report: &DeliveryReport,
    ) -> Result<JobLookup, Error> {
        if let DeliveryRoute::Callback(id) = &message.route {
            return Ok(JobLookup::Job(*id));
        }
        let Some(provider_job_id) = &report.provider_job_id else { return Ok(JobLookup::Nobody) };
        if let Some(id) = self.records.find_by_provider_job_id(&message.provider, provider_job_id).await? {
            return Ok(JobLookup::Job(id));
        }
        if report.awaited && message.looked_up < LOOKUPS {
            // Our own request may not have been answered yet, its callback may be late, and the index lags.
            let delay = self.config.lookup_delay.saturating_mul(1 << message.looked_up);
            let later = QueuedDelivery { looked_up: message.looked_up + 1, ..message.clone() };
            self.inbox.send(&DeliveryQueueMessage::Delivery(later), delay).await?;
            return Ok(JobLookup::Later);
        }
        match report.adoptable_as.filter(|kind| self.config.adopt.iter().any(|adopted| adopted == kind)) {
            Some(kind) => self.adopt(message, provider_job_id, kind).await.map(JobLookup::Job),
            None => Ok(JobLookup::Nobody),
        }
    }

    /// Makes a job of work that nobody asked us for. The provider job id is the key, so that two workers that hear of
    /// it at once make one.
    async fn adopt(
        &self,
        message: &QueuedDelivery,
        provider_job_id: &ProviderJobId,
        kind: &str,
    ) -> Result<JobId, Error> {
        let key = format!("{}#{provider_job_id}", message.provider);
        let key = IdempotencyKey::new("adopted", &key, &json!({}));
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: message.provider.clone(),
            kind: kind.to_owned(),
            request: json!({}),
            expected: None,
            metadata: None,
            unpack: None,
            origin: Origin::Adopted,
        });
        let now = OffsetDateTime::now_utc();
        let accepted = Event::Accepted { provider_job_id: provider_job_id.clone() };
        let change = job.apply(accepted.clone(), now);
        if self.events.is_some() {
            job.add_outbox_event(&accepted, change, now);
        }
        match self.records.claim(&job, Some(&key), now).await? {
            Claim::New => {
                tracing::info!(metric = "JobsImported", count = 1, job_id = %job.id, "work adopted");
                Ok(job.id)
            }
            Claim::Existing(job) => Ok(job.id),
            Claim::Mismatch => {
                Err(Error::new(ErrorClass::Internal, "two adoptions of one provider_job_id differ"))
            }
        }
    }
}
