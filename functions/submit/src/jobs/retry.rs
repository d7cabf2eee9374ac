//! Use case: try a job again that did not end well.
//!
//! A retry never asks the provider for work: it brings the files in again, or asks where they are. Only a resubmission
//! asks for work, as a new job, and each job is resubmitted once, however often and concurrently that is asked for.

use model::{Change, Error, ErrorClass, Event, Job, JobId, Origin, Status};
use providers::{ApiAccess, Credentials};
use queues::DeliveryQueueMessage;
use time::OffsetDateTime;

use crate::{App, jobs::cancel_replay::conflict, submission::request::Request};

impl App {
    /// Lets a job land again that ended short of its files.
    pub(crate) async fn retry(&self, id: JobId) -> Result<Job, Error> {
        let job = self.job(id).await?;
        if job.status == Status::Landing && has_stalled(&job) {
            self.inbox.send(&DeliveryQueueMessage::Continuation(id), 0).await?;
            tracing::info!(metric = "JobsRetried", count = 1, job_id = %id, "a stalled landing is queued again");
            return Ok(job);
        }
        let event = self.new_round(&job).await?;
        let (job, change) = self.records.apply(id, &event, OffsetDateTime::now_utc()).await?;
        if change != Change::Moved {
            return Err(conflict(&job, advice(job.status)));
        }
        tracing::info!(metric = "JobsRetried", count = 1, job_id = %id, "a job is tried again");
        let message = match event {
            Event::InquiryRetried { .. } => DeliveryQueueMessage::Hint(id),
            _ => DeliveryQueueMessage::Continuation(id),
        };
        // A message that the queue does not take is sent by the sweep, which looks after such jobs.
        if let Err(error) = self.inbox.send(&message, 0).await {
            error.log("a job that is tried again is not queued; the sweep does it");
        }
        Ok(job)
    }

    /// What a new round of the job begins with.
    async fn new_round(&self, job: &Job) -> Result<Event, Error> {
        match job.status {
            Status::Partial | Status::Failed | Status::Expired if !job.sources.is_empty() => {
                Ok(Event::LandingRetried)
            }
            Status::Expired => self.inquiry(job).await,
            Status::Failed if job.provider_job_id.is_some() => self.inquiry(job).await,
            status => Err(conflict(job, advice(status))),
        }
    }

    /// The provider is asked again how the work stands, if it can be.
    async fn inquiry(&self, job: &Job) -> Result<Event, Error> {
        let provider = providers::find(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "the job's provider is not known any more"))?;
        let secret = self.secrets.get().await?;
        let credentials = Credentials::new(secret.provider(provider.name()));
        let access =
            ApiAccess { api_url: self.config.providers.api_url(provider.name()), credentials: &credentials };
        if provider.poll(&access, job, OffsetDateTime::now_utc())?.is_none() {
            let message = "where the files are is not known, and the provider cannot be asked about such work; \
                           \"resubmit\": true asks for it again, as a new job";
            return Err(conflict(job, message));
        }
        // Another job may be at the same thing by now, and its results are not this one's.
        self.take_place(job, provider).await?;
        Ok(Event::InquiryRetried { known: job.provider_job_id.is_some() })
    }

    /// Makes a new job of the request of one that did not end well, or finds the one that was made before.
    pub(crate) async fn resubmit(&self, id: JobId, deadline: OffsetDateTime) -> Result<Job, Error> {
        let old = self.job(id).await?;
        // The key is remembered for days, the record for good.
        if let Some(new) = old.retries.resubmitted_as {
            return self.job(new).await;
        }
        if !matches!(old.status, Status::Partial | Status::Failed | Status::Expired | Status::Cancelled) {
            return Err(conflict(&old, advice(old.status)));
        }
        if old.origin == Origin::Adopted {
            return Err(conflict(&old, "the job was adopted: its request was not made through Landfall"));
        }
        let new = self.submit(Request::again(&old)?, deadline).await?;
        let resubmitted = Event::Resubmitted { job: new.id };
        // The new job names the old one in any case, and its key finds it again.
        if let Err(error) = self.records.apply(id, &resubmitted, OffsetDateTime::now_utc()).await {
            error.log("a job does not name the one that was made in its place");
        }
        tracing::info!(metric = "JobsResubmitted", count = 1, job_id = %id, new = %new.id, "a job is made again");
        Ok(new)
    }
}

/// Whether nobody attempts the job's landing any more. Queueing it is enough: where somebody does all the same, a lease
/// keeps them apart.
fn has_stalled(job: &Job) -> bool {
    job.error.as_ref().is_some_and(|error| error.class == ErrorClass::LandingStalled)
}

/// What to do with a job that cannot be retried where it stands.
fn advice(status: Status) -> &'static str {
    match status {
        Status::Waiting | Status::Submitting => {
            "the job has not been taken by the provider yet; wait, or cancel it"
        }
        Status::Submitted | Status::Unknown | Status::Rendering => {
            "the provider is at work on the job, as far as is known; wait, or cancel it and then resubmit it"
        }
        Status::Received | Status::Landing => {
            "the files of the job are being brought in already; wait, or cancel it"
        }
        Status::Stored => {
            "the job is stored: everything is in the bucket; submit a new job to have it made again"
        }
        Status::Partial | Status::Failed | Status::Expired => {
            "nothing of the job can be brought in; \"resubmit\": true asks for the work again, as a new job"
        }
        Status::Cancelled => "the job is cancelled; \"resubmit\": true asks for the work again, as a new job",
    }
}
