//! The postponement of a submission, when the provider has certainly done no work.

use std::time::Duration;

use model::{Error, ErrorClass, Job, JobError};
use time::OffsetDateTime;

/// The longest time that a job waits while the provider refuses it temporarily.
const MAX_WAIT: time::Duration = time::Duration::hours(24);
/// How long a job waits after a temporary refusal without a `Retry-After`.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(30);
/// The longest wait of a job whose provider is unavailable. A day has 288 of them, and 2,880 of the shortest.
const MAX_OUTAGE_DELAY: Duration = Duration::from_secs(300);

/// A submission that is to be attempted later.
pub(crate) struct Postponement {
    /// The earliest time of the next attempt.
    pub(crate) at: OffsetDateTime,
    /// The provider's refusal, if a request was sent.
    pub(crate) refusal: Option<Error>,
    /// Whether the job may be recorded as waiting already. Then the sweep finds it, so no refusal may be returned to
    /// the caller.
    pub(crate) may_be_recorded: bool,
}

impl Postponement {
    /// Whether the provider has refused the job temporarily for too long.
    pub(crate) fn exceeds_max_wait(&self, job: &Job) -> bool {
        self.refusal.is_some() && self.at - job.created_at > MAX_WAIT
    }
}

/// The refusal as a waiting job records it: retryable, since the job continues by itself.
pub(crate) fn waiting_error(refusal: &Error, now: OffsetDateTime) -> JobError {
    JobError { retryable: true, ..refusal.to_job_error(now) }
}

/// How long a job of this age waits after a temporary refusal: the `Retry-After`, but an eighth of its age while the
/// provider is unavailable. Each wait is a queue message and an invocation, so their number must not grow with the
/// length of an outage. A throttled job waits no longer than the provider asks for, since its turn may have come.
pub(crate) fn delay_after_refusal(refusal: &Error, age: time::Duration) -> Duration {
    let asked = refusal.retry_after.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs);
    match refusal.class {
        ErrorClass::ProviderUnavailable => {
            let age = Duration::try_from(age).unwrap_or_default();
            asked.max((age / 8).min(MAX_OUTAGE_DELAY))
        }
        _ => asked,
    }
}

/// The invocation has no time left for a request.
pub(crate) fn out_of_time() -> Error {
    let message = "there was no time left to send the request to the provider; nothing was submitted";
    Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many times a job is submitted within this time while its provider refuses each attempt.
    fn attempts_within(limit: time::Duration, refusal: &Error) -> u32 {
        let (mut age, mut attempts) = (time::Duration::ZERO, 0);
        while age < limit {
            age += delay_after_refusal(refusal, age);
            attempts += 1;
        }
        attempts
    }

    #[test]
    fn an_outage_of_a_day_takes_some_hundred_attempts_and_a_short_one_is_noticed_soon() {
        let unavailable = Error::new(ErrorClass::ProviderUnavailable, "no connection").with_retry_after(30);
        assert_eq!(attempts_within(time::Duration::minutes(4), &unavailable), 8);
        assert_eq!(attempts_within(time::Duration::hours(24), &unavailable), 308);
    }

    #[test]
    fn a_throttled_job_waits_as_long_as_the_provider_asks_for() {
        let throttled = Error::new(ErrorClass::ProviderThrottled, "too many").with_retry_after(7);
        assert_eq!(delay_after_refusal(&throttled, time::Duration::hours(20)), Duration::from_secs(7));
        let silent = Error::new(ErrorClass::ProviderThrottled, "too many");
        assert_eq!(delay_after_refusal(&silent, time::Duration::hours(20)), DEFAULT_RETRY_AFTER);
    }
}
