//! Use case: submit a job.
//!
//! The order of the steps matters. The job exists before the request is sent, so that a callback that arrives before
//! the response finds it. Only the invocation that created the job sends the request, so that a repeated request is
//! billed once. A job whose reservation lies ahead is created as waiting: if its invocation ends before it sends the
//! request, the sweep queues the job. A job whose reservation is too far ahead is queued right away.

use job_store::{IdempotencyKey, JobStore, StoredJob};
use model::{Error, Job, JobEvent, JobId, JobOrigin, NewJob};
use provider_client::{PAUSE_CHECK_LOOKAHEAD, RateLimiter, Reservation, ReservedTime};
use providers::SubmitProtocol;
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    submission::{
        caller_webhook_check::check_caller_webhook,
        concurrency_limit::{SlotStatus, acquire_lock_and_slot},
        enqueue_submission::{DeferOutcome, DeferredSubmissions},
        exclusive_lock::acquire_exclusive_lock,
        idempotency::{ClaimedJob, IdempotencyClaim},
        postpone_submission::{Postponement, out_of_time},
        record_outcome::OutcomeRecorder,
        submission_context::SubmissionContext,
        submit_attempt::{SubmitAttempt, SubmitOutcome},
        submit_request::SubmitRequest,
        synchronous_job::{SynchronousJob, SynchronousJobs},
    },
};

/// Creates a job for the request and submits it, or returns the job that the same request created before.
pub(crate) async fn submit_job(
    clients: &Clients,
    request: SubmitRequest,
    deadline: OffsetDateTime,
) -> Result<Job, Error> {
    // Configuration errors are found before anything is written.
    let request = complete_request(&clients.job_store, request).await?;
    check_caller_webhook(clients, &request.notify_targets).await?;
    let (provider, job_id) = (request.provider, JobId::generate());
    runtime::record_job_id(job_id);
    runtime::record_provider(provider.name());
    let context = SubmissionContext { clients, provider, job_id, deadline };
    let submission = Submission::new(context, request.idempotency_key.clone());
    let job = create_job(job_id, request);
    let protocol = context.prepare_protocol(&job).await?;
    submission.submit(job, protocol).await
}

/// Adds the fields that a request takes from the results of another job. The request of a resubmission is complete.
async fn complete_request(job_store: &JobStore, request: SubmitRequest) -> Result<SubmitRequest, Error> {
    let of_job = request.order.source_job_id().filter(|_| request.retry_of.is_none());
    let Some(of_job) = of_job else { return Ok(request) };
    let name = request.provider_name();
    let job = job_store.get(of_job).await?.filter(|job| job.provider == name);
    let job = job.ok_or_else(|| Error::invalid("of_job", "expected the id of a job of this provider"))?;
    Ok(SubmitRequest { order: request.provider.complete_order(request.order, &job)?, ..request })
}

fn create_job(id: JobId, request: SubmitRequest) -> Job {
    let retry_of = request.retry_of;
    let warnings = request.provider.request_warnings(&request.order.request);
    let new_job = NewJob {
        id,
        provider: request.provider_name(),
        kind: request.order.kind,
        request: request.order.request,
        expected_files: request.order.expected_files,
        metadata: request.metadata,
        unpack: request.unpack,
        origin: JobOrigin::Submitted,
    };
    let mut job =
        Job::new(new_job).with_trace(runtime::current_trace()).with_notify_targets(request.notify_targets);
    job.warnings = warnings;
    job.retries.retry_of = retry_of;
    job
}

/// The submission of one request by a caller.
struct Submission<'a> {
    context: SubmissionContext<'a>,
    claim: IdempotencyClaim<'a>,
    recorder: OutcomeRecorder<'a>,
    deferred: DeferredSubmissions<'a>,
}

impl<'a> Submission<'a> {
    fn new(context: SubmissionContext<'a>, key: Option<IdempotencyKey>) -> Self {
        let recorder = OutcomeRecorder::new(context.clients, context.deadline);
        Self {
            context,
            claim: IdempotencyClaim::new(&context.clients.job_store, key),
            recorder,
            deferred: DeferredSubmissions::new(context.clients, context.deadline),
        }
    }

    async fn submit(&self, mut job: Job, mut protocol: Box<dyn SubmitProtocol>) -> Result<Job, Error> {
        let clients = self.context.clients;
        if self.context.provider.long_response_time(&job.kind).is_some() {
            // The caller's own invocation might end before the response, and the result would be lost.
            let job = self.create_waiting(job, OffsetDateTime::now_utc()).await?;
            let jobs = SynchronousJobs::new(clients, self.recorder, self.context.deadline);
            return jobs.wait_for_queued_job(job).await;
        }
        let rate_limiter = self.context.rate_limiter(&job.kind, clients.config.max_submit_wait);
        let reserved = match rate_limiter.reserve(OffsetDateTime::now_utc()).await? {
            Reservation::Granted(reserved) => reserved,
            Reservation::RetryAt(_) if !rate_limiter.is_limited() => return Err(out_of_time()),
            Reservation::RetryAt(free_at) => return self.create_waiting(job, free_at).await,
        };
        let is_waiting = reserved.at - OffsetDateTime::now_utc() > PAUSE_CHECK_LOOKAHEAD;
        if is_waiting {
            job = job.into_waiting();
        }
        let stored = match self.claim_reserved(&job, &rate_limiter, reserved).await? {
            ClaimedJob::New(stored) => *stored,
            ClaimedJob::Existing(existing) => return self.deferred.join_existing(*existing, &job).await,
        };
        let slot = acquire_lock_and_slot(clients, &job, self.context.provider).await;
        if !matches!(slot, Ok(SlotStatus::Acquired)) {
            rate_limiter.release(reserved).await;
            return match slot {
                Ok(_) => self.defer_without_slot(job).await,
                Err(error) => Err(self.refuse(job, error).await),
            };
        }
        let mut attempt = SubmitAttempt {
            provider_client: self.context.provider_client(&job.kind),
            rate_limiter: &rate_limiter,
            job_store: &clients.job_store,
            documents: &clients.documents,
            job: stored,
            is_waiting,
        };
        let outcome = Box::pin(attempt.run(protocol.as_mut(), reserved)).await;
        job.apply(JobEvent::SubmissionStarted, OffsetDateTime::now_utc());
        self.record_outcome(job, attempt.job, outcome).await
    }

    /// Records the outcome of the attempt and returns the response to the caller. `job` is the job of this request,
    /// `stored` the same as the table holds it: other requests may have added waiters.
    async fn record_outcome(
        &self,
        job: Job,
        stored: StoredJob,
        outcome: SubmitOutcome,
    ) -> Result<Job, Error> {
        match outcome {
            SubmitOutcome::Accepted(event) | SubmitOutcome::Unknown(event) => {
                Ok(self.recorder.record_on(stored, event).await)
            }
            SubmitOutcome::Completed(accepted, result) => {
                let SubmissionContext { clients, deadline, .. } = self.context;
                let jobs = SynchronousJobs::new(clients, self.recorder, deadline);
                let SynchronousJob { job, is_queued } = jobs.record_result(job, accepted, result).await;
                // Files that are not queued are landed by the next sweep, which is too late for the caller to wait for.
                Ok(if is_queued { jobs.wait_for_end(job).await } else { job })
            }
            SubmitOutcome::Postponed(postponement) => self.postpone(job, postponement).await,
            SubmitOutcome::Superseded(job) => Ok(*job),
            SubmitOutcome::Refused(error) => Err(self.refuse(job, error).await),
        }
    }

    /// Claims the key for a job with a reservation. Releases the reservation unless the job is new.
    async fn claim_reserved(
        &self,
        job: &Job,
        rate_limiter: &RateLimiter<'_>,
        reserved: ReservedTime,
    ) -> Result<ClaimedJob, Error> {
        let claimed = self.claim.claim(job).await;
        if !matches!(claimed, Ok(ClaimedJob::New(_))) {
            rate_limiter.release(reserved).await;
        }
        claimed
    }

    /// Creates a job as waiting, and queues it.
    async fn create_waiting(&self, job: Job, free_at: OffsetDateTime) -> Result<Job, Error> {
        let job = job.into_waiting();
        if let ClaimedJob::Existing(existing) = self.claim.claim(&job).await? {
            return self.deferred.join_existing(*existing, &job).await;
        }
        let job_store = &self.context.clients.job_store;
        match acquire_exclusive_lock(job_store, &job, self.context.provider).await {
            Ok(()) => self.enqueue(job, free_at).await,
            Err(error) => Err(self.refuse(job, error).await),
        }
    }

    /// Defers a job that found no slot. The sweep queues it from time to time.
    async fn defer_without_slot(&self, job: Job) -> Result<Job, Error> {
        let postponement =
            Postponement { at: OffsetDateTime::now_utc(), refusal: None, may_be_recorded: false };
        match self.deferred.defer(&job, &postponement).await {
            Ok(DeferOutcome::Waiting(job) | DeferOutcome::Superseded(job)) => Ok(job),
            Err(error) => Err(self.refuse(job, error).await),
        }
    }

    /// Defers a job after an attempt, and queues it.
    async fn postpone(&self, job: Job, postponement: Postponement) -> Result<Job, Error> {
        match self.deferred.defer(&job, &postponement).await {
            Ok(DeferOutcome::Waiting(waiting)) => {
                // If queueing fails, only the waiters of this request receive the refusal by its response.
                let job = Job { notify_targets: job.notify_targets, ..waiting };
                self.enqueue(job, postponement.at).await
            }
            Ok(DeferOutcome::Superseded(job)) => Ok(job),
            Err(error) if postponement.may_be_recorded => {
                error.log("a waiting job is not queued; the sweep queues it");
                Ok(job.into_waiting())
            }
            Err(error) => Err(self.refuse(job, postponement.refusal.unwrap_or(error)).await),
        }
    }

    /// Queues a waiting job. If that fails, undoes the claim: no invocation would submit the job.
    async fn enqueue(&self, job: Job, free_at: OffsetDateTime) -> Result<Job, Error> {
        let queued = self.deferred.enqueue(&job, free_at);
        let queued = tokio::time::timeout(self.recorder.time_to_record(), queued).await;
        let Err(error) = queued.unwrap_or_else(|_| Err(out_of_time())) else { return Ok(job) };
        let undone = self.claim.undo(&job, &error);
        if tokio::time::timeout(self.recorder.time_to_record(), undone).await.is_err() {
            error.log("the claim of a job that is not queued is not undone");
        }
        Err(error.with_job(job.id))
    }

    /// Records a refusal and returns it for the caller.
    async fn refuse(&self, job: Job, error: Error) -> Error {
        let id = job.id;
        let removed = self.claim.remove_waiters(&job);
        if tokio::time::timeout(self.recorder.time_to_record(), removed).await.is_err() {
            tracing::warn!(job_id = %id, "a workflow that received a refusal is notified of it again");
        }
        let event = JobEvent::SubmissionRejected { error: error.to_job_error(OffsetDateTime::now_utc()) };
        self.recorder.record(job, event).await;
        if error.is_retryable() {
            // The caller is asked to retry, so the key must be free.
            let freed = self.claim.free_key(id);
            let _ = tokio::time::timeout(self.recorder.time_to_record(), freed).await;
        }
        error.with_job(id)
    }
}
