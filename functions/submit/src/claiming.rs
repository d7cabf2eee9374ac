//! The claim of a job: made once, taken back when nothing came of it, and repeated when its caller comes back.

use std::time::Duration;

use model::{Event, Fault, FaultClass, Job, JobId, Status};
use records::{Claim, IdempotencyKey, Records};
use time::OffsetDateTime;

use crate::ask::RESERVE;

/// No invocation asks for this long, so whoever was asking the provider is gone.
const NOBODY_ASKS_ANY_MORE: Duration = Duration::from_secs(90);

/// Claims the job. Nothing when it is ours to ask for; else the job that the same request made before.
///
/// # Errors
/// The table's trouble, another request with the same key, or the refusal that the earlier job ended with.
pub(crate) async fn claim(
    records: &Records,
    job: &Job,
    key: Option<&IdempotencyKey>,
) -> Result<Option<Job>, Fault> {
    let claimed = match claim_or_take_over(records, job, key).await {
        Ok(claimed) => claimed,
        Err(fault) => {
            // Bounded, since the table is in trouble and the caller has to be told so in time.
            if tokio::time::timeout(RESERVE, undo(records, job, key, &fault)).await.is_err() {
                fault.log("a claim that may have been written is not undone");
            }
            return Err(fault);
        }
    };
    match claimed {
        Claim::New => Ok(None),
        Claim::Existing(job) => match job.refusal() {
            Some(refusal) => Err(refusal.again().about(job.id)),
            None => settled(records, *job).await.map(Some),
        },
        Claim::Mismatch => {
            let message = "this idempotency key was used before with another request";
            Err(Fault::new(FaultClass::IdempotencyMismatch, message))
        }
    }
}

/// A key may still be held by a job that was refused only for the moment, when freeing it failed: its caller was
/// told to come back, so the key is freed now.
async fn claim_or_take_over(
    records: &Records,
    job: &Job,
    key: Option<&IdempotencyKey>,
) -> Result<Claim, Fault> {
    let claim = records.claim(job, key, OffsetDateTime::now_utc()).await?;
    let (Claim::Existing(before), Some(key)) = (&claim, key) else { return Ok(claim) };
    if !before.refusal().is_some_and(|refusal| refusal.class.retryable()) {
        return Ok(claim);
    }
    records.free_key(key, before.id).await?;
    records.claim(job, Some(key), OffsetDateTime::now_utc()).await
}

/// A job whose maker died while it asked the provider is told as what it is: nobody knows, and nobody asks again.
async fn settled(records: &Records, job: Job) -> Result<Job, Fault> {
    let now = OffsetDateTime::now_utc();
    if job.status != Status::Submitting || now - job.updated_at < NOBODY_ASKS_ANY_MORE {
        return Ok(job);
    }
    let message =
        "the request to the provider was interrupted; the work may be under way, and is not asked for again";
    let error = Fault::new(FaultClass::ProviderOutcomeUnknown, message).remembered(now);
    records.apply(job.id, &Event::OutcomeUnknown { error }, now).await.map(|(job, _)| job)
}

/// Undoes a claim that the table may have taken without our hearing of it. Left alone, its key would answer
/// every retry with a job that the provider is never asked for.
pub(crate) async fn undo(records: &Records, job: &Job, key: Option<&IdempotencyKey>, why: &Fault) {
    let (id, waiters) = (job.id, &job.audience.waiters);
    // The caller hears of the failure itself.
    if !waiters.is_empty()
        && let Err(fault) = records.dismiss(id, waiters).await
    {
        fault.log("a workflow that heard of a failure may be told of it again");
    }
    let now = OffsetDateTime::now_utc();
    let error = why.remembered(now);
    match records.apply(id, &Event::Refused { error }, now).await {
        Ok(_) => {}
        // The usual case: nothing was written.
        Err(fault) if fault.class == FaultClass::NotFound => return,
        Err(fault) => fault.log("a claim that may have been written is not undone"),
    }
    free(records, id, key).await;
}

/// Frees the key of a job that came to nothing, so that a retry is a new attempt.
pub(crate) async fn free(records: &Records, id: JobId, key: Option<&IdempotencyKey>) {
    if let Some(key) = key
        && let Err(fault) = records.free_key(key, id).await
    {
        fault.log("the idempotency key of a job that came to nothing stays taken");
    }
}
