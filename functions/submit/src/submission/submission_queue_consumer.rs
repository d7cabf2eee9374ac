//! Use case: submit a job that waited, when the submission queue delivers its message.
//!
//! The queue may deliver a message twice, late, or for a job that no longer waits. Only the job's record says whether
//! it waits, and only the invocation that moves it from `waiting` to `submitting` sends the request. The reservation is
//! made right before the request and not when the job is created, so that a pause of the queue wastes no reservations.

use futures_util::future::join_all;
use job_store::StoredJob;
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus};
use provider_client::{MAX_PAUSE, Reservation};
use providers::SubmitProtocol;
use queues::QueuedSubmission;
use runtime::{Segment, SqsBatchResponse, SqsMessage, work_item_span};
use time::OffsetDateTime;
use tracing::Instrument;

use crate::{
    clients::Clients,
    submission::{
        concurrency_limit::{SlotStatus, acquire_lock_and_slot},
        enqueue_submission::{DeferOutcome, DeferredSubmissions, MAX_QUEUE_WAIT},
        postpone_submission::{Postponement, delay_after_refusal},
        record_outcome::OutcomeRecorder,
        submission_context::SubmissionContext,
        submit_attempt::{SubmitAttempt, SubmitOutcome},
        synchronous_job::SynchronousJobs,
        trace_segment::send_segment,
    },
};

/// The visibility timeout of a message after its first failure, in seconds. It doubles up to the maximum.
const BASE_DELAY_SECONDS: u32 = 5;
const MAX_DELAY_SECONDS: u32 = 900;

/// How long a job without a slot waits: until the next sweep, which queues it again.
const NO_SLOT_DELAY: time::Duration = time::Duration::seconds(50);

/// Consumes messages of the submission queue in one invocation.
pub(crate) struct SubmissionQueueConsumer<'a> {
    clients: &'a Clients,
    recorder: OutcomeRecorder<'a>,
    deferred: DeferredSubmissions<'a>,
    deadline: OffsetDateTime,
}

impl<'a> SubmissionQueueConsumer<'a> {
    pub(crate) fn new(clients: &'a Clients, deadline: OffsetDateTime) -> Self {
        let recorder = OutcomeRecorder::new(clients, deadline);
        Self { clients, recorder, deferred: DeferredSubmissions::new(clients, deadline), deadline }
    }

    /// Processes a batch concurrently, since a job spends most of its time waiting. Failed messages are returned to the
    /// queue.
    pub(crate) async fn process_batch(&self, messages: Vec<SqsMessage>) -> SqsBatchResponse {
        let process = |message| self.process_message(message).instrument(work_item_span());
        let results = join_all(messages.into_iter().map(process)).await;
        let mut reply = SqsBatchResponse::default();
        results.into_iter().flatten().for_each(|failed| reply.add_failure(failed));
        reply
    }

    /// Processes one message. Returns its id if it failed.
    async fn process_message(&self, message: SqsMessage) -> Option<String> {
        let Err(error) = self.submit_waiting_job(&message.body).await else { return None };
        error.log("a waiting job is not processed; its message returns to the queue");
        let doublings = message.receive_count.saturating_sub(1).min(16);
        let delay = BASE_DELAY_SECONDS.saturating_mul(1 << doublings).min(MAX_DELAY_SECONDS);
        if let Err(error) =
            self.clients.submission_queue.change_visibility(&message.receipt_handle, delay).await
        {
            error.log("the visibility timeout of a message is not changed; the queue's own applies");
        }
        Some(message.message_id)
    }

    async fn submit_waiting_job(&self, body: &str) -> Result<(), Error> {
        let job_id = QueuedSubmission::parse(body)?.job_id;
        runtime::record_job_id(job_id);
        let job = self.clients.job_store.get_stored(job_id).await?;
        let Some(job) = job.filter(|job| job.status == JobStatus::Waiting) else { return Ok(()) };
        let provider = providers::find_provider(job.provider.as_str())
            .ok_or_else(|| Error::new(ErrorClass::Internal, "a waiting job names an unknown provider"))?;
        runtime::record_provider(provider.name());
        let context = SubmissionContext { clients: self.clients, provider, job_id, deadline: self.deadline };
        // This precedes the transition: after a configuration error the job still waits.
        let protocol = context.prepare_protocol(&job).await?;
        match acquire_lock_and_slot(self.clients, &job, provider).await {
            Ok(SlotStatus::Acquired) => self.attempt_submission(context, job, protocol).await,
            Ok(SlotStatus::LimitReached) => self.delay_without_slot(job_id).await,
            // The lock of this job expired in the table, and another job holds it now.
            Err(error) if error.class == ErrorClass::ProviderConflict => {
                self.refuse(job.into_job(), &error).await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Waits for a reservation, moves the job to `submitting` and submits it.
    async fn attempt_submission(
        &self,
        context: SubmissionContext<'_>,
        job: StoredJob,
        mut protocol: Box<dyn SubmitProtocol>,
    ) -> Result<(), Error> {
        let job_store = &self.clients.job_store;
        let rate_limiter = context.rate_limiter(&job.kind, MAX_QUEUE_WAIT);
        let reservation = match rate_limiter.reserve(OffsetDateTime::now_utc()).await? {
            // If the invocation ends before the transition, the job still waits, and its message returns to the queue.
            Reservation::Granted(reserved) => rate_limiter.approach(reserved).await?,
            too_late => too_late,
        };
        let reserved = match reservation {
            Reservation::Granted(reserved) => reserved,
            Reservation::RetryAt(free_at) => return self.deferred.enqueue(&job, free_at).await,
        };
        let (job, change) =
            job_store.apply_event_to(&job, &JobEvent::SubmissionStarted, OffsetDateTime::now_utc()).await?;
        if change != JobChange::StatusChanged {
            rate_limiter.release(reserved).await;
            return Ok(());
        }
        let segment = Segment::start(job.trace.as_ref(), "Landfall submission");
        let mut attempt = SubmitAttempt {
            provider_client: context.provider_client(&job.kind),
            rate_limiter: &rate_limiter,
            job_store,
            documents: &self.clients.documents,
            job,
            is_waiting: false,
        };
        let outcome = Box::pin(attempt.run(protocol.as_mut(), reserved)).await;
        send_segment(&self.clients.tracer, segment, Ok(&attempt.job));
        self.record_outcome(attempt.job, outcome).await
    }

    /// Records the next check of a job that found no slot, for the sweep.
    async fn delay_without_slot(&self, id: JobId) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        let checked = JobEvent::StatusPolled { next_poll_at: now + NO_SLOT_DELAY, has_response: true };
        self.clients.job_store.apply_event(id, &checked, now).await.map(|_| ())
    }

    /// Records the outcome of the attempt.
    async fn record_outcome(&self, stored: StoredJob, outcome: SubmitOutcome) -> Result<(), Error> {
        let job = Job::clone(&stored);
        match outcome {
            SubmitOutcome::Accepted(event) | SubmitOutcome::Unknown(event) => {
                self.recorder.record_on(stored, event).await;
                Ok(())
            }
            SubmitOutcome::Completed(accepted, result) => {
                let jobs = SynchronousJobs::new(self.clients, self.recorder, self.deadline);
                jobs.record_result(job, accepted, result).await;
                Ok(())
            }
            SubmitOutcome::Postponed(postponement) => self.postpone(job, postponement).await,
            SubmitOutcome::Superseded(_) => Ok(()),
            SubmitOutcome::Refused(error) if error.is_retryable() => {
                let now = OffsetDateTime::now_utc();
                let at = now + delay_after_refusal(&error, now - job.created_at).min(MAX_PAUSE);
                let postponement = Postponement { at, refusal: Some(error), may_be_recorded: false };
                self.postpone(job, postponement).await
            }
            SubmitOutcome::Refused(error) => {
                self.refuse(job, &error).await;
                Ok(())
            }
        }
    }

    /// Defers and queues a job that was refused temporarily or missed its reservation. A job that the provider refuses
    /// for more than a day fails, so that its caller is notified.
    async fn postpone(&self, job: Job, postponement: Postponement) -> Result<(), Error> {
        if let Some(refusal) = postponement.refusal.as_ref().filter(|_| postponement.exceeds_max_wait(&job)) {
            self.refuse(job, refusal).await;
            return Ok(());
        }
        match self.deferred.defer(&job, &postponement).await? {
            DeferOutcome::Waiting(job) => self.deferred.enqueue(&job, postponement.at).await,
            DeferOutcome::Superseded(_) => Ok(()),
        }
    }

    /// Records a refusal on the job. No caller waits for a response.
    async fn refuse(&self, job: Job, error: &Error) {
        error.log("a waiting job was refused");
        let event = JobEvent::SubmissionRejected { error: error.to_job_error(OffsetDateTime::now_utc()) };
        self.recorder.record(job, event).await;
    }
}
