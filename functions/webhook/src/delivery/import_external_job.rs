//! Imports work that was not submitted through Landfall: creates a job for it.

use job_store::{ClaimOutcome, IdempotencyKey, JobStore};
use model::{Error, ErrorClass, Job, JobEvent, JobId, JobOrigin, NewJob, ProviderJobId};
use queues::QueuedDelivery;
use serde_json::json;
use time::OffsetDateTime;

use crate::clients::WorkerClients;

/// Creates jobs for work that was not submitted through Landfall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobImport<'a> {
    job_store: &'a JobStore,
    publishes_events: bool,
}

impl<'a> JobImport<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self { job_store: &clients.job_store, publishes_events: clients.event_bus.is_some() }
    }

    /// Creates a job. The provider job id is the idempotency key, so two workers that receive a delivery of the same
    /// work at once create one job.
    pub(crate) async fn import(
        &self,
        message: &QueuedDelivery,
        provider_job_id: &ProviderJobId,
        kind: &str,
    ) -> Result<JobId, Error> {
        let key = format!("{}#{provider_job_id}", message.provider);
        let key = IdempotencyKey::new("imported", &key, &json!({}));
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: message.provider.clone(),
            kind: kind.to_owned(),
            request: json!({}),
            expected_files: None,
            metadata: None,
            unpack: None,
            origin: JobOrigin::Imported,
        });
        let now = OffsetDateTime::now_utc();
        let accepted = JobEvent::SubmissionAccepted { provider_job_id: provider_job_id.clone() };
        let change = job.apply(accepted.clone(), now);
        if self.publishes_events {
            job.add_outbox_event(&accepted, change, now);
        }
        match self.job_store.claim(&job, Some(&key), now).await? {
            ClaimOutcome::Created(_) => {
                tracing::info!(metric = "JobsImported", count = 1, job_id = %job.id, "job imported");
                Ok(job.id)
            }
            ClaimOutcome::Existing(job) => Ok(job.id),
            ClaimOutcome::KeyMismatch => {
                Err(Error::new(ErrorClass::Internal, "two imports of one provider_job_id differ"))
            }
        }
    }
}
