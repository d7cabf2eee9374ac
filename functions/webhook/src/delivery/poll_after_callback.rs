//! Polls the provider after a callback that is not verified.
//!
//! Such a callback may come from anybody who knows its URL, so it only triggers a poll, at most once every few
//! seconds. The progress that it reports is shown, but never as complete.

use job_store::JobStore;
use model::{Error, Job, JobChange, JobEvent, JobId, JobStatus};
use providers::DeliveryReport;
use queues::{DeliveryQueue, DeliveryQueueMessage};
use time::{Duration, OffsetDateTime};

use crate::{
    clients::WorkerClients, notifications::job_notifier::JobNotifier, polling::poll_job::JobPoll,
    rescue::rescue_job::Rescue,
};

/// The highest progress that an unverified callback can report: only a response of the provider ends a job.
const MAX_REPORTED_PERCENT: f64 = 99.0;
/// How long the poll may wait for the provider's rate limit. After that the sweep polls.
const RATE_LIMIT_TIMEOUT: Duration = Duration::seconds(20);
/// The time reserved in the invocation after the last request.
const RESERVE: Duration = Duration::seconds(25);

/// Polls after unverified callbacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallbackPoll<'a> {
    job_store: &'a JobStore,
    delivery_queue: &'a DeliveryQueue,
    notifier: JobNotifier<'a>,
    job_poll: JobPoll<'a>,
    rescue: Rescue<'a>,
}

impl<'a> CallbackPoll<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            delivery_queue: &clients.delivery_queue,
            notifier: JobNotifier::new(clients),
            job_poll: JobPoll::new(clients),
            rescue: Rescue::new(clients),
        }
    }

    /// Stores what the callback reports, and polls.
    pub(crate) async fn process_callback(
        &self,
        job: &Job,
        report: DeliveryReport,
        deadline: OffsetDateTime,
    ) -> Result<(), Error> {
        let at = OffsetDateTime::now_utc();
        if let Some(provider_state) = report.provider_state {
            self.job_store.apply_event(job.id, &JobEvent::ProviderStateStored { provider_state }, at).await?;
        }
        self.store_reported_progress(job, report.event, at).await?;
        self.poll(job.id, deadline).await
    }

    /// Polls or rescues the job now, or as soon as the shortest interval between two such polls is over.
    pub(crate) async fn poll(&self, id: JobId, deadline: OffsetDateTime) -> Result<(), Error> {
        let received_at = OffsetDateTime::now_utc();
        let (job, change) = self
            .job_store
            .apply_event(id, &JobEvent::UnverifiedCallbackReceived { received_at }, received_at)
            .await?;
        if change == JobChange::Unchanged {
            tracing::info!(job_id = %id, "unverified callback triggers no poll: one is scheduled");
            return Ok(());
        }
        // Of several callbacks at once, only one finds its own time in the job.
        if job.poll_state.last_callback_poll_at == Some(received_at) {
            if self.rescue.is_due(&job, received_at)? {
                return self.rescue.run(job, deadline).await;
            }
            let latest = (deadline - RESERVE).min(received_at + RATE_LIMIT_TIMEOUT);
            return self.job_poll.poll(job, latest).await.map(|_| ());
        }
        // This callback moved the next check forward and must see to it: the next sweep may be almost a minute away.
        let next = job.poll_state.next_poll_at.unwrap_or(received_at) - received_at;
        let delay = u32::try_from(next.whole_seconds() + 1).unwrap_or_default();
        self.delivery_queue.send(&DeliveryQueueMessage::Poll(id), delay).await
    }

    /// Stores the reported progress of a job that the provider is known to have. For any other job it proves nothing.
    async fn store_reported_progress(
        &self,
        job: &Job,
        event: Option<JobEvent>,
        at: OffsetDateTime,
    ) -> Result<(), Error> {
        let Some(JobEvent::ProgressReported { percent }) = event else { return Ok(()) };
        if !matches!(job.status, JobStatus::Submitted | JobStatus::Rendering) {
            return Ok(());
        }
        let progressed = JobEvent::ProgressReported { percent: percent.min(MAX_REPORTED_PERCENT) };
        let (job, _) = self.job_store.apply_event(job.id, &progressed, at).await?;
        self.notifier.notify(&job).await;
        Ok(())
    }
}
