//! Updates a job after a check: applies an event or schedules the next check.

use bucket::Bucket;
use job_store::JobStore;
use model::{Error, Job, JobChange, JobEvent, JobId, JobStatus};
use queues::{DeliveryQueue, DeliveryQueueMessage, SubmissionQueue};
use time::OffsetDateTime;

use super::poll_outcome::CheckOutcome;
use crate::{
    clients::WorkerClients, notifications::job_notifier::JobNotifier,
    stored_source_urls::store_long_source_list,
};

/// Stores the results of checks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobUpdate<'a> {
    job_store: &'a JobStore,
    bucket: &'a Bucket,
    delivery_queue: &'a DeliveryQueue,
    submission_queue: &'a SubmissionQueue,
    notifier: JobNotifier<'a>,
}

impl<'a> JobUpdate<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            bucket: &clients.bucket,
            delivery_queue: &clients.delivery_queue,
            submission_queue: &clients.submission_queue,
            notifier: JobNotifier::new(clients),
        }
    }

    /// Applies an event to a job, queues its landing if its files are ready now, or its submission if it needs another
    /// request, and notifies its targets. The sweep queues a job whose message is not sent.
    pub(crate) async fn apply_event(&self, job: &Job, event: JobEvent) -> Result<CheckOutcome, Error> {
        let event = store_long_source_list(self.bucket, &job.provider, event).await?;
        let now = OffsetDateTime::now_utc();
        let (updated, change) = self.job_store.apply_event(job.id, &event, now).await?;
        if updated.status == JobStatus::Waiting && change == JobChange::StatusChanged {
            self.submission_queue.send(job.id, now, now).await?;
        }
        if updated.status == JobStatus::Received {
            self.delivery_queue.send(&DeliveryQueueMessage::ContinueLanding(job.id), 0).await?;
        }
        let (before, status) = (job.status.as_str(), updated.status.as_str());
        tracing::info!(before, status, "job updated after a check");
        self.notifier.notify(&updated).await;
        Ok(if change == JobChange::StatusChanged {
            CheckOutcome::StatusChanged
        } else {
            CheckOutcome::Unchanged
        })
    }

    /// Schedules the next check of a job after one that got an answer.
    pub(crate) async fn schedule_check(
        &self,
        id: JobId,
        now: OffsetDateTime,
        next_poll_at: OffsetDateTime,
    ) -> Result<CheckOutcome, Error> {
        self.record_check(id, now, JobEvent::StatusPolled { next_poll_at, has_response: true }).await
    }

    /// Schedules the next check of a job after one that got no answer. The job counts these.
    pub(crate) async fn schedule_check_without_answer(
        &self,
        id: JobId,
        now: OffsetDateTime,
        next_poll_at: OffsetDateTime,
    ) -> Result<CheckOutcome, Error> {
        self.record_check(id, now, JobEvent::StatusPolled { next_poll_at, has_response: false }).await
    }

    async fn record_check(
        &self,
        id: JobId,
        now: OffsetDateTime,
        checked: JobEvent,
    ) -> Result<CheckOutcome, Error> {
        self.job_store.apply_event(id, &checked, now).await.map(|_| CheckOutcome::Unchanged)
    }
}
