//! The postponement of a submission, when the provider has certainly done no work.

use model::{Error, ErrorClass, Job, JobError};
use time::OffsetDateTime;

/// The longest time that a job waits while the provider refuses it temporarily.
const MAX_WAIT: time::Duration = time::Duration::hours(24);

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

/// The invocation has no time left for a request.
pub(crate) fn out_of_time() -> Error {
    let message = "there was no time left to send the request to the provider; nothing was submitted";
    Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5)
}
