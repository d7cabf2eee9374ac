//! Idempotency: a repeated request finds the job that the first one created, instead of creating a second one.

use std::time::Duration;

use job_store::{ClaimOutcome, IdempotencyKey, JobStore, StoredJob};
use model::{Error, ErrorClass, Job, JobEvent, JobId, JobStatus};
use time::OffsetDateTime;

/// After this time no invocation still submits the job: the timeout of the function is shorter.
const SUBMITTING_TIMEOUT: Duration = Duration::from_secs(90);

/// The job that a request claims.
pub(crate) enum ClaimedJob {
    /// The claim created it.
    New(Box<StoredJob>),
    /// The same request created it before.
    Existing(Box<Job>),
}

/// The claim of a request on its idempotency key, if it has one.
pub(crate) struct IdempotencyClaim<'a> {
    job_store: &'a JobStore,
    key: Option<IdempotencyKey>,
}

impl<'a> IdempotencyClaim<'a> {
    pub(crate) fn new(job_store: &'a JobStore, key: Option<IdempotencyKey>) -> Self {
        Self { job_store, key }
    }

    /// Creates the job and claims the key for it, unless the same request created a job before.
    ///
    /// # Errors
    /// An error of the table, another request with the same key, or the refusal that the earlier job ended with.
    pub(crate) async fn claim(&self, job: &Job) -> Result<ClaimedJob, Error> {
        match self.claim_or_take_over(job).await? {
            ClaimOutcome::Created(job) => Ok(ClaimedJob::New(job)),
            ClaimOutcome::Existing(job) => match job.submission_error() {
                Some(refusal) => Err(refusal.to_error().with_job(job.id)),
                None => Ok(ClaimedJob::Existing(Box::new(self.resolve_interrupted(*job).await?))),
            },
            ClaimOutcome::KeyMismatch => {
                let message = "this idempotency key was used before with another request";
                Err(Error::new(ErrorClass::IdempotencyMismatch, message))
            }
        }
    }

    /// Claims the key. If a job with a retryable refusal still holds it, frees the key first: its caller was asked to
    /// retry, and freeing the key failed then.
    async fn claim_or_take_over(&self, job: &Job) -> Result<ClaimOutcome, Error> {
        let key = self.key.as_ref();
        let claim = self.job_store.claim(job, key, OffsetDateTime::now_utc()).await?;
        let (ClaimOutcome::Existing(existing), Some(key)) = (&claim, key) else { return Ok(claim) };
        if !existing.submission_error().is_some_and(|refusal| refusal.class.is_retryable()) {
            return Ok(claim);
        }
        self.job_store.release_idempotency_key(key, existing.id).await?;
        self.job_store.claim(job, Some(key), OffsetDateTime::now_utc()).await
    }

    /// Records an unknown outcome for a job whose invocation ended during the submission. The work is not submitted
    /// again.
    async fn resolve_interrupted(&self, job: Job) -> Result<Job, Error> {
        let now = OffsetDateTime::now_utc();
        if job.status != JobStatus::Submitting || now - job.updated_at < SUBMITTING_TIMEOUT {
            return Ok(job);
        }
        let message = "the request to the provider was interrupted; the work may be in progress, and is not \
                       submitted again";
        let error = Error::new(ErrorClass::ProviderOutcomeUnknown, message).to_job_error(now);
        self.job_store
            .apply_event(job.id, &JobEvent::SubmissionOutcomeUnknown { error }, now)
            .await
            .map(|(job, _)| job)
    }

    /// Undoes the claim of a job that could not be queued. Otherwise every retry with the key would return a job that
    /// the caller was told is refused.
    pub(crate) async fn undo(&self, job: &Job, error: &Error) {
        self.remove_waiters(job).await;
        let now = OffsetDateTime::now_utc();
        let refused = JobEvent::SubmissionRejected { error: error.to_job_error(now) };
        match self.job_store.apply_event(job.id, &refused, now).await {
            Ok(_) => {}
            Err(error) => error.log("a claim is not undone"),
        }
        self.free_key(job.id).await;
    }

    /// Removes the workflow waiters of the request from the job. The response of the request reports the refusal to
    /// them.
    pub(crate) async fn remove_waiters(&self, job: &Job) {
        let waiters = &job.notify_targets.waiters;
        if !waiters.is_empty()
            && let Err(error) = self.job_store.remove_waiters(job.id, waiters).await
        {
            error.log("a workflow that received a refusal is notified of it again");
        }
    }

    /// Frees the key of a refused job, so that a retry is a new attempt.
    pub(crate) async fn free_key(&self, id: JobId) {
        if let Some(key) = &self.key
            && let Err(error) = self.job_store.release_idempotency_key(key, id).await
        {
            error.log("the idempotency key of a refused job is not freed");
        }
    }
}
