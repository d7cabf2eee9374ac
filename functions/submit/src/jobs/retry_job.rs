//! Use case: retry a job without success.
//!
//! A retry never submits work to the provider. It lands the files again, or asks the provider for them: for the work as a
//! whole, or for each of its items. Only a resubmission submits work.

use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus};
use providers::{ApiAccess, Credentials};
use queues::DeliveryQueueMessage;
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    jobs::{
        errors::{job_conflict, retry_conflict},
        get_job::get_job,
    },
    submission::exclusive_lock::acquire_exclusive_lock,
};

/// The retry of a job.
pub(crate) struct JobRetry<'a> {
    clients: &'a Clients,
}

impl<'a> JobRetry<'a> {
    pub(crate) fn new(clients: &'a Clients) -> Self {
        Self { clients }
    }

    /// Starts a new round of landing or of polling.
    pub(crate) async fn retry(&self, id: JobId) -> Result<Job, Error> {
        let (job_store, delivery_queue) = (&self.clients.job_store, &self.clients.delivery_queue);
        let job = get_job(job_store, id).await?;
        if job.status == JobStatus::Landing && has_stalled(&job) {
            delivery_queue.send(&DeliveryQueueMessage::ContinueLanding(id), 0).await?;
            tracing::info!(metric = "JobsRetried", count = 1, job_id = %id, "stalled landing queued again");
            return Ok(job);
        }
        let event = self.choose_event(&job).await?;
        let (job, change) = job_store.apply_event(id, &event, OffsetDateTime::now_utc()).await?;
        if change != JobChange::StatusChanged {
            return Err(retry_conflict(&job));
        }
        tracing::info!(metric = "JobsRetried", count = 1, job_id = %id, "job retried");
        let message = match event {
            JobEvent::PollingRetried { .. } => DeliveryQueueMessage::Poll(id),
            _ => DeliveryQueueMessage::ContinueLanding(id),
        };
        // If the send fails, the sweep sends the message: it checks jobs in this status.
        if let Err(error) = delivery_queue.send(&message, 0).await {
            error.log("a retried job is not queued; the sweep queues it");
        }
        Ok(job)
    }

    /// Chooses the event that starts the new round: read the items of the work one by one where files are missing or
    /// gone, land again where the sources are known, else poll.
    async fn choose_event(&self, job: &Job) -> Result<JobEvent, Error> {
        match job.status {
            JobStatus::Partial | JobStatus::Failed if lacks_readable_files(job) => {
                self.prepare_poll(job).await
            }
            JobStatus::Partial | JobStatus::Failed | JobStatus::Expired if !job.sources.is_empty() => {
                Ok(JobEvent::LandingRetried)
            }
            JobStatus::Expired => self.prepare_poll(job).await,
            JobStatus::Failed if job.provider_job_id.is_some() => self.prepare_poll(job).await,
            _ => Err(retry_conflict(job)),
        }
    }

    /// Checks that the provider can be polled for the job or asked for its items, and acquires the job's exclusive lock again.
    async fn prepare_poll(&self, job: &Job) -> Result<JobEvent, Error> {
        let provider = providers::find_provider(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the job names an unknown provider"))?;
        let secret = self.clients.secrets.get().await?;
        let credentials = Credentials::new(secret.provider_section(provider.name()));
        let api_url = self.clients.config.providers.api_url(provider.name());
        let access = ApiAccess { api_url, credentials: &credentials };
        if provider.items(job).is_empty() && provider.poll(&access, job, OffsetDateTime::now_utc())?.is_none()
        {
            let message = "the location of the files is unknown, and the provider cannot be polled for such work; \
                           \"resubmit\": true submits the request again, as a new job";
            return Err(job_conflict(job, message));
        }
        // Another job may hold the lock by now, and then the provider reports that job's results.
        acquire_exclusive_lock(&self.clients.job_store, job, provider).await?;
        Ok(JobEvent::PollingRetried { is_accepted: job.provider_job_id.is_some() })
    }
}

/// Whether files of a job are missing or gone that the provider can be asked for one by one. A retry of the same source
/// would not find them.
fn lacks_readable_files(job: &Job) -> bool {
    let is_gone = |class: ErrorClass| matches!(class, ErrorClass::SourceGone | ErrorClass::FilesMissing);
    let lacks_files = job.status == JobStatus::Partial
        || (!job.sources.is_empty() && job.error.as_ref().is_some_and(|error| is_gone(error.class)));
    let provider = providers::find_provider(job.provider.as_str());
    lacks_files && provider.is_some_and(|provider| !provider.items(job).is_empty())
}

/// Whether no worker attempts the landing any more. A queue message is enough to continue it. If a worker
/// still lands the files, the lease keeps the two apart.
fn has_stalled(job: &Job) -> bool {
    job.error.as_ref().is_some_and(|error| error.class == ErrorClass::LandingStalled)
}
