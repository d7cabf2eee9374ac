//! Deferred submissions: jobs that wait until the provider's rate limit or concurrency limit permits them.

use std::time::Duration;

use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobStatus};
use queues::SubmissionQueue;
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    submission::{
        notify_targets::JobNotifier,
        postpone_submission::{Postponement, waiting_error},
        record_outcome::OutcomeRecorder,
    },
};

/// How long an invocation by the queue waits for a reservation. It is long enough that the jobs of the queue's
/// concurrent invocations keep the provider busy. It is longer than a caller's own invocation waits, so that new jobs
/// queue behind old ones.
pub(crate) const MAX_QUEUE_WAIT: Duration = Duration::from_secs(20);

/// How long before its time a job is received whose tier has used up a budget. It holds a place among the concurrent
/// submissions while it waits, which jobs of other tiers need.
const TIER_LEAD: Duration = Duration::from_secs(2);

/// After this time no invocation still is about to send the message of a job.
const SEND_TIMEOUT: Duration = Duration::from_secs(90);

/// The outcome of deferring a job.
pub(crate) enum DeferOutcome {
    /// The job waits.
    Waiting(Job),
    /// Another event changed the job first, for example its callback.
    Superseded(Job),
}

/// Defers submissions by the job table and the submission queue.
pub(crate) struct DeferredSubmissions<'a> {
    job_store: &'a JobStore,
    submission_queue: &'a SubmissionQueue,
    recorder: OutcomeRecorder<'a>,
    notifier: JobNotifier<'a>,
}

impl<'a> DeferredSubmissions<'a> {
    pub(crate) fn new(clients: &'a Clients, deadline: OffsetDateTime) -> Self {
        Self {
            job_store: &clients.job_store,
            submission_queue: &clients.submission_queue,
            recorder: OutcomeRecorder::new(clients, deadline),
            notifier: JobNotifier::new(clients, deadline),
        }
    }

    /// Sends a waiting job to the queue. The message arrives half of the queue's wait before the reservation, so that a
    /// job that must wait longer is not received again and again. A budget of a tier is free at a known time, so the message
    /// of such a job arrives shortly before that.
    pub(crate) async fn enqueue(&self, job: &Job, free_at: OffsetDateTime) -> Result<(), Error> {
        let provider = providers::find_provider(job.provider.as_str());
        let has_tier = provider.is_some_and(|provider| provider.submission_tier(&job.kind).is_some());
        let receive_at = free_at - if has_tier { TIER_LEAD } else { MAX_QUEUE_WAIT / 2 };
        self.submission_queue.send(job.id, receive_at, OffsetDateTime::now_utc()).await
    }

    /// Joins a repeated request to the job that the same request created before.
    ///
    /// The waiters of the request wait for that job from now on, and are notified at once if it is in a final status: a
    /// workflow that retries has a new task token. A job that has waited for long may have lost its message, because
    /// its invocation ended before it sent the message. It is queued again; a duplicate message does no harm.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: the waiters are not added, and the caller has to retry.
    pub(crate) async fn join_existing(&self, existing: Job, request: &Job) -> Result<Job, Error> {
        runtime::record_job_id(existing.id);
        let (now, waiters) = (OffsetDateTime::now_utc(), &request.notify_targets.waiters);
        let mut job = existing;
        if !waiters.is_empty() {
            let added = self.job_store.add_waiters(job.id, waiters, now);
            let added = tokio::time::timeout(self.recorder.time_to_record(), added).await;
            let added =
                added.unwrap_or_else(|_| Err(table_timed_out())).map_err(|error| error.with_job(job.id))?;
            job = added.unwrap_or(job);
            self.notifier.notify_targets(&job).await;
        }
        if job.status == JobStatus::Waiting
            && now - job.updated_at > SEND_TIMEOUT
            && let Err(error) = self.enqueue(&job, now).await
        {
            error.log("a waiting job is not queued again");
        }
        Ok(job)
    }

    /// Records that a job waits, since the provider has certainly done no work.
    pub(crate) async fn defer(&self, job: &Job, postponement: &Postponement) -> Result<DeferOutcome, Error> {
        let now = OffsetDateTime::now_utc();
        let error = postponement.refusal.as_ref().map(|refusal| waiting_error(refusal, now));
        let event = JobEvent::SubmissionDeferred { error };
        let applied = self.job_store.apply_event(job.id, &event, now);
        let applied = tokio::time::timeout(self.recorder.time_to_record(), applied).await;
        let (job, change) = applied.unwrap_or_else(|_| Err(table_timed_out()))?;
        let is_waiting = change == JobChange::StatusChanged || job.status == JobStatus::Waiting;
        Ok(if is_waiting { DeferOutcome::Waiting(job) } else { DeferOutcome::Superseded(job) })
    }
}

fn table_timed_out() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the job table did not respond in time; try again")
        .with_retry_after(5)
}
