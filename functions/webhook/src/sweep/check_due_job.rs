//! Checks one job that is due: notifications, heartbeats, lost messages, interrupted submissions and polls.

use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobEvent, JobId, JobStatus};
use notifications::WorkflowNotifier;
use queues::{DeliveryQueue, DeliveryQueueMessage, SubmissionQueue};
use time::{Duration, OffsetDateTime};

use super::requeue_stalled_landing::requeue_if_stalled;
use crate::{
    clients::WorkerClients,
    notifications::{
        job_notifier::{JobNotifier, UnreachableTargets},
        workflow_heartbeat::send_heartbeat,
    },
    polling::{
        next_poll_time, poll_job::JobPoll, poll_outcome::CheckOutcome, update_job_after_poll::JobUpdate,
    },
    rescue::rescue_job::Rescue,
};

/// No invocation of the submit function lives this long, so a submission that is older was interrupted.
const MAX_SUBMISSION_TIME: Duration = Duration::seconds(90);
/// The delay until a job is checked again whose check failed: the next sweep.
const FAILED_CHECK_DELAY: Duration = Duration::seconds(50);

/// What the jobs of one listing of the index share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SweepPass<'a> {
    /// Jobs that are due later are skipped.
    pub(crate) due_until: OffsetDateTime,
    /// The latest time at which the check of a job starts.
    pub(crate) latest_start: OffsetDateTime,
    /// The notification targets that failed in this sweep.
    pub(crate) unreachable: &'a UnreachableTargets,
}

/// Checks jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobCheck<'a> {
    job_store: &'a JobStore,
    submission_queue: &'a SubmissionQueue,
    delivery_queue: &'a DeliveryQueue,
    workflow_waiters: &'a WorkflowNotifier,
    notifier: JobNotifier<'a>,
    update: JobUpdate<'a>,
    job_poll: JobPoll<'a>,
    rescue: Rescue<'a>,
}

impl<'a> JobCheck<'a> {
    pub(crate) fn new(clients: &'a WorkerClients) -> Self {
        Self {
            job_store: &clients.job_store,
            submission_queue: &clients.submission_queue,
            delivery_queue: &clients.delivery_queue,
            workflow_waiters: &clients.workflow_waiters,
            notifier: JobNotifier::new(clients),
            update: JobUpdate::new(clients),
            job_poll: JobPoll::new(clients),
            rescue: Rescue::new(clients),
        }
    }

    /// Checks a job. If that fails, the job is due a little later.
    pub(crate) async fn check_or_postpone(&self, id: JobId, pass: SweepPass<'_>) -> CheckOutcome {
        runtime::record_job_id(id);
        match self.check(id, pass).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(
                    error = error.class.name(),
                    causes = error.cause_chain(),
                    "the check of a job failed"
                );
                self.postpone(id).await;
                CheckOutcome::Failed
            }
        }
    }

    /// Moves a job back in the index. Otherwise failing jobs would collect at its head and hide the others.
    async fn postpone(&self, id: JobId) {
        let now = OffsetDateTime::now_utc();
        if let Err(error) = self.update.schedule_check_without_answer(id, now, now + FAILED_CHECK_DELAY).await
        {
            error.log("a job whose check failed stays at the head of the due index");
        }
    }

    async fn check(&self, id: JobId, pass: SweepPass<'_>) -> Result<CheckOutcome, Error> {
        let now = OffsetDateTime::now_utc();
        let Some(job) = self.job_store.get(id).await? else { return Ok(CheckOutcome::Unchanged) };
        runtime::record_provider(job.provider.as_str());
        if job.due_at().is_none_or(|at| at > pass.due_until) {
            return Ok(CheckOutcome::Unchanged);
        }
        if now >= pass.latest_start {
            return Ok(CheckOutcome::OutOfTime);
        }
        if job.outbox.due_at.is_some_and(|at| at <= pass.due_until) {
            self.notifier.retry_pending(&job, pass.unreachable, pass.due_until).await?;
        }
        if job.notify_targets.next_heartbeat_at.is_some_and(|at| at <= pass.due_until) {
            let unreachable = &pass.unreachable.workflows;
            send_heartbeat(self.workflow_waiters, self.job_store, &job, unreachable).await?;
        }
        if job.poll_state.next_poll_at.is_none_or(|at| at > pass.due_until) {
            return Ok(CheckOutcome::Unchanged);
        }
        self.check_status(job, now, pass).await
    }

    async fn check_status(
        &self,
        job: Job,
        now: OffsetDateTime,
        pass: SweepPass<'_>,
    ) -> Result<CheckOutcome, Error> {
        let id = job.id;
        if self.rescue.is_due(&job, now)? {
            return self.rescue.queue(id, now).await;
        }
        match job.status {
            JobStatus::Waiting => {
                let outcome = self.schedule_requeue(&job, now).await?;
                self.submission_queue.send(id, now, now).await.map(|()| outcome)
            }
            JobStatus::Submitting if now - job.updated_at > MAX_SUBMISSION_TIME => {
                self.update.apply_event(&job, submission_interrupted(now)).await
            }
            JobStatus::Submitting => {
                self.update.schedule_check(id, now, job.updated_at + MAX_SUBMISSION_TIME).await
            }
            JobStatus::Received => {
                let outcome = self.schedule_requeue(&job, now).await?;
                self.delivery_queue
                    .send(&DeliveryQueueMessage::ContinueLanding(id), 0)
                    .await
                    .map(|()| outcome)
            }
            JobStatus::Submitted | JobStatus::Unknown | JobStatus::Rendering => {
                self.job_poll.poll(job, pass.latest_start).await
            }
            JobStatus::Landing => {
                requeue_if_stalled(self.job_store, self.delivery_queue, &job, pass.due_until, now).await
            }
            // The job has ended, and the index lags.
            JobStatus::Stored
            | JobStatus::Partial
            | JobStatus::Failed
            | JobStatus::Expired
            | JobStatus::Cancelled => Ok(CheckOutcome::Unchanged),
        }
    }

    /// Schedules the next check of a job whose message is about to be sent again. This happens before the message is
    /// sent, so that the worker that receives the message has the last word on the next check.
    async fn schedule_requeue(&self, job: &Job, now: OffsetDateTime) -> Result<CheckOutcome, Error> {
        let next = next_poll_time::next_requeue(job, now);
        self.update.schedule_check_without_answer(job.id, now, next).await
    }
}

fn submission_interrupted(now: OffsetDateTime) -> JobEvent {
    let message = "the request to the provider was interrupted; the work may be in progress, and is not submitted again";
    JobEvent::SubmissionOutcomeUnknown {
        error: Error::new(ErrorClass::ProviderOutcomeUnknown, message).to_job_error(now),
    }
}
