//! The claim of a job: made once, taken back when nothing came of it, and repeated when its caller comes back.

use std::time::Duration;

use job_store::{Claim, IdempotencyKey, JobStore};
use model::{Error, ErrorClass, Event, Job, JobId, Status};
use time::OffsetDateTime;

/// No invocation asks for this long, so whoever was asking the provider is gone.
const NOBODY_ASKS_ANY_MORE: Duration = Duration::from_secs(90);

/// Claims the job. Nothing when it is ours to ask for; else the job that the same request made before.
///
/// # Errors
/// The table's trouble, another request with the same key, or the refusal that the earlier job ended with.
pub(crate) async fn claim(
    records: &JobStore,
    job: &Job,
    key: Option<&IdempotencyKey>,
) -> Result<Option<Job>, Error> {
    match claim_or_take_over(records, job, key).await? {
        Claim::New => Ok(None),
        Claim::Existing(job) => match job.refusal() {
            Some(refusal) => Err(refusal.again().about(job.id)),
            None => settled(records, *job).await.map(Some),
        },
        Claim::Mismatch => {
            let message = "this idempotency key was used before with another request";
            Err(Error::new(ErrorClass::IdempotencyMismatch, message))
        }
    }
}

/// A key may still be held by a job that was refused only for the moment, when freeing it failed: its caller was
/// told to come back, so the key is freed now.
async fn claim_or_take_over(
    records: &JobStore,
    job: &Job,
    key: Option<&IdempotencyKey>,
) -> Result<Claim, Error> {
    let claim = records.claim(job, key, OffsetDateTime::now_utc()).await?;
    let (Claim::Existing(before), Some(key)) = (&claim, key) else { return Ok(claim) };
    if !before.refusal().is_some_and(|refusal| refusal.class.retryable()) {
        return Ok(claim);
    }
    records.free_key(key, before.id).await?;
    records.claim(job, Some(key), OffsetDateTime::now_utc()).await
}

/// A job whose maker died while it asked the provider is told as what it is: nobody knows, and nobody asks again.
async fn settled(records: &JobStore, job: Job) -> Result<Job, Error> {
    let now = OffsetDateTime::now_utc();
    if job.status != Status::Submitting || now - job.updated_at < NOBODY_ASKS_ANY_MORE {
        return Ok(job);
    }
    let message =
        "the request to the provider was interrupted; the work may be under way, and is not asked for again";
    let error = Error::new(ErrorClass::ProviderOutcomeUnknown, message).for_record(now);
    records.apply(job.id, &Event::OutcomeUnknown { error }, now).await.map(|(job, _)| job)
}

/// Undoes the claim of a job that the queue did not take. Left alone, its key would answer every retry with a job that its
/// caller was told is refused.
pub(crate) async fn undo(records: &JobStore, job: &Job, key: Option<&IdempotencyKey>, why: &Error) {
    let id = job.id;
    send_away(records, job).await;
    let now = OffsetDateTime::now_utc();
    let error = why.for_record(now);
    match records.apply(id, &Event::Refused { error }, now).await {
        Ok(_) => {}
        Err(error) => error.log("a claim is not undone"),
    }
    free(records, id, key).await;
}

/// Lets those who came with a request wait for nothing: its caller hears of the refusal itself.
pub(crate) async fn send_away(records: &JobStore, job: &Job) {
    let waiters = &job.audience.waiters;
    if !waiters.is_empty()
        && let Err(error) = records.remove_waiters(job.id, waiters).await
    {
        error.log("a workflow that heard of a refusal is told of it again");
    }
}

/// Frees the key of a job that came to nothing, so that a retry is a new attempt.
pub(crate) async fn free(records: &JobStore, id: JobId, key: Option<&IdempotencyKey>) {
    if let Some(key) = key
        && let Err(error) = records.free_key(key, id).await
    {
        error.log("the idempotency key of a job that came to nothing stays taken");
    }
}
