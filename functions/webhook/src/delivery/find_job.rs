//! Finds the job of a delivery: the one in its callback URL, the one with its provider job id, or a job that is
//! imported now because the configuration includes such work.

use job_store::JobStore;
use model::{Error, JobId};
use providers::DeliveryReport;
use queues::{DeliveryQueue, DeliveryQueueMessage, DeliveryRoute, QueuedDelivery};

use super::import_external_job::JobImport;
use crate::{clients::WorkerClients, config::WorkerConfig};

/// How many times the lookup of a workspace delivery's job is retried. The delays double.
const MAX_LOOKUP_RETRIES: u32 = 3;

/// The result of a lookup.
#[derive(Debug)]
pub(crate) enum JobLookup {
    /// The delivery belongs to this job.
    Found(JobId),
    /// The job may not have its provider job id yet. The delivery is queued again.
    Requeued,
    /// The delivery belongs to no job.
    NotFound,
}

/// Finds the jobs of deliveries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobFinder<'a> {
    job_store: &'a JobStore,
    delivery_queue: &'a DeliveryQueue,
    config: &'a WorkerConfig,
    import: JobImport<'a>,
}

impl<'a> JobFinder<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            delivery_queue: &clients.delivery_queue,
            config: &clients.config,
            import: JobImport::new(clients),
        }
    }

    /// Finds the job of a delivery.
    pub(crate) async fn find(
        &self,
        message: &QueuedDelivery,
        report: &DeliveryReport,
    ) -> Result<JobLookup, Error> {
        if let DeliveryRoute::Callback(id) | DeliveryRoute::SubmitResponse(id) = &message.route {
            return Ok(JobLookup::Found(*id));
        }
        let Some(provider_job_id) = &report.provider_job_id else { return Ok(JobLookup::NotFound) };
        let found = self.job_store.find_by_provider_job_id(&message.provider, provider_job_id).await?;
        if let Some(id) = found {
            return Ok(JobLookup::Found(id));
        }
        if report.may_match_pending_submission && message.lookup_attempts < MAX_LOOKUP_RETRIES {
            // The response to Landfall's own request may be pending, its callback may be late, and the index lags.
            let delay = self.config.lookup_delay_seconds.saturating_mul(1 << message.lookup_attempts);
            let retry = QueuedDelivery { lookup_attempts: message.lookup_attempts + 1, ..message.clone() };
            self.delivery_queue.send(&DeliveryQueueMessage::Delivery(retry), delay).await?;
            return Ok(JobLookup::Requeued);
        }
        let imported = &self.config.import_kinds;
        match report.importable_as.filter(|kind| imported.iter().any(|imported| imported == kind)) {
            Some(kind) => self.import.import(message, provider_job_id, kind).await.map(JobLookup::Found),
            None => Ok(JobLookup::NotFound),
        }
    }
}
