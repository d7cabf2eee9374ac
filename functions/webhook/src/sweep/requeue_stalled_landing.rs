//! Requeues landings that no worker attempts any more: their message is lost, or a dead letter since its attempts are
//! used up.
//!
//! The lease shows it: a worker renews the lease during an attempt and releases it at the end. A landing whose last
//! lease expired long ago is queued again a few times, which is enough after an outage. Then it waits for an
//! operator, with an error that says so. Its status stays `landing`: it lands as soon as its message is received
//! again.

use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobError, JobEvent, truncate_text};
use queues::{DeliveryQueue, DeliveryQueueMessage};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::polling::poll_outcome::CheckOutcome;

/// How many times a stalled landing is requeued, two hours apart. Each message has as many attempts as the queue
/// allows.
const MAX_REQUEUES: u32 = 3;
/// How much of the last error is repeated.
const MAX_LAST_ERROR_BYTES: usize = 500;

/// What happens to a stalled landing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StallAction {
    Requeue,
    WaitForOperator,
}

/// Checks whether a landing is still attempted, as of the time `until`, and requeues it if it is not.
pub(crate) async fn requeue_if_stalled(
    job_store: &JobStore,
    delivery_queue: &DeliveryQueue,
    job: &Job,
    until: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<CheckOutcome, Error> {
    let lease_ended = job_store.lease_expiry(job.id).await?.unwrap_or(job.updated_at);
    let stalls_at = lease_ended + Job::LANDING_STALL_TIMEOUT;
    let next = stalls_at.max(now + Job::LANDING_STALL_TIMEOUT);
    if stalls_at > until {
        let event =
            JobEvent::LandingStallChecked { next_check_at: stalls_at, is_requeued: false, error: None };
        return job_store.apply_event(job.id, &event, now).await.map(|_| CheckOutcome::Unchanged);
    }
    let action = match job.poll_state.consecutive_failures < MAX_REQUEUES {
        true => StallAction::Requeue,
        false => StallAction::WaitForOperator,
    };
    let is_requeued = action == StallAction::Requeue;
    let is_reported = !is_requeued
        && job
            .error
            .as_ref()
            .is_some_and(|error| error.class == ErrorClass::LandingStalled && !error.retryable);
    let error = (!is_reported).then(|| stall_error(job, lease_ended, action, now));
    // Recorded before the message is sent, so that the worker that receives it has the last word.
    job_store
        .apply_event(job.id, &JobEvent::LandingStallChecked { next_check_at: next, is_requeued, error }, now)
        .await?;
    if !is_reported {
        tracing::error!(
            metric = "StalledLandings",
            count = 1,
            queued = is_requeued,
            "landing stalled: no worker attempts it"
        );
    }
    if is_requeued {
        delivery_queue.send(&DeliveryQueueMessage::ContinueLanding(job.id), 0).await?;
    }
    Ok(CheckOutcome::Unchanged)
}

/// The error of the job.
fn stall_error(job: &Job, lease_ended: OffsetDateTime, action: StallAction, now: OffsetDateTime) -> JobError {
    let since = lease_ended.replace_nanosecond(0).unwrap_or(lease_ended).format(&Rfc3339).unwrap_or_default();
    let next = match action {
        StallAction::Requeue => {
            format!("it is queued again, {} of {MAX_REQUEUES} times", job.poll_state.consecutive_failures + 1)
        }
        StallAction::WaitForOperator => {
            "fix the cause, then redrive the dead-letter queue or retry the job".to_owned()
        }
    };
    let last = job.error.as_ref().filter(|error| error.class != ErrorClass::LandingStalled);
    let last = last.map_or_else(String::new, |error| {
        let message = truncate_text(&error.message, MAX_LAST_ERROR_BYTES);
        format!("; the last error: {}: {message}", error.class.name())
    });
    let message = format!("no worker has tried to land the files since {since}: {next}{last}");
    let error = Error::new(ErrorClass::LandingStalled, message).to_job_error(now);
    JobError { retryable: action == StallAction::Requeue, ..error }
}
