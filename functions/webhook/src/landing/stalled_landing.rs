//! Landings that nobody attempts any more: their message is lost, or a dead letter since its attempts are used up.
//!
//! The lease tells: it is renewed while an attempt runs and given back at its end. A landing whose last lease ended long
//! ago is queued again a few times, which is enough after an outage, and then waits for an operator with an error that
//! says so. It stays `landing`: whatever brings its message back lands it.

use model::{Error, ErrorClass, Event, Job, JobError, shortened};
use queues::DeliveryQueueMessage;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{sweep::SweepOutcome, worker::Worker};

/// How often a stalled landing is queued again, two hours apart. Each message has as many attempts as the queue gives.
const MAX_CONTINUATIONS: u32 = 3;
/// How much of the last error is repeated.
const MAX_LAST_ERROR_BYTES: usize = 500;

impl Worker {
    /// Looks whether a landing is still attempted, as of the time `until`.
    pub(crate) async fn look_at_landing(
        &self,
        job: &Job,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<SweepOutcome, Error> {
        let ended = self.records.lease_end(job.id).await?.unwrap_or(job.updated_at);
        let stalls = ended + Job::LANDING_STALLS_AFTER;
        let next = stalls.max(now + Job::LANDING_STALLS_AFTER);
        if stalls > until {
            let event = Event::LandingChecked { next: stalls, queued: false, error: None };
            return self.records.apply(job.id, &event, now).await.map(|_| SweepOutcome::Stayed);
        }
        let queued = job.check.unanswered < MAX_CONTINUATIONS;
        let known = job.error.as_ref().is_some_and(|error| {
            error.class == ErrorClass::LandingStalled && error.retryable == queued && !queued
        });
        let error = (!known).then(|| stalled(job, ended, queued, now));
        // Noted before the message is sent, so that whoever takes it up has the last word.
        self.records.apply(job.id, &Event::LandingChecked { next, queued, error }, now).await?;
        if !known {
            tracing::error!(
                metric = "StalledLandings",
                count = 1,
                queued,
                "nobody attempts a landing any more"
            );
        }
        if queued {
            self.inbox.send(&DeliveryQueueMessage::Continuation(job.id), 0).await?;
        }
        Ok(SweepOutcome::Stayed)
    }
}

/// What the job says of it.
fn stalled(job: &Job, ended: OffsetDateTime, queued: bool, now: OffsetDateTime) -> JobError {
    let since = ended.replace_nanosecond(0).unwrap_or(ended).format(&Rfc3339).unwrap_or_default();
    let next = match queued {
        true => format!("it is queued again, {} of {MAX_CONTINUATIONS} times", job.check.unanswered + 1),
        false => "redrive the dead-letter queue once the cause is mended, or retry the job".to_owned(),
    };
    let last = job.error.as_ref().filter(|error| error.class != ErrorClass::LandingStalled);
    let last = last.map_or_else(String::new, |error| {
        format!(
            "; the last error: {}: {}",
            error.class.name(),
            shortened(&error.message, MAX_LAST_ERROR_BYTES)
        )
    });
    let message = format!("nobody has tried to bring the files in since {since}: {next}{last}");
    let error = Error::new(ErrorClass::LandingStalled, message).for_record(now);
    JobError { retryable: queued, ..error }
}
