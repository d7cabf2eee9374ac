//! What every poll does while the work is in progress and when the provider does not report it, whatever the work is.

use model::{Error, ErrorClass, JobEvent};
use serde_json::{Map, Value};

use super::error_response::{ErrorKind, ErrorResponse};
use crate::{PollStatus, QueryStep};

/// How many consecutive polls the provider may reject (contract 3.2).
const MAX_REJECTED_POLLS: u32 = 3;

/// The evaluation of one poll of one job.
pub(crate) trait PollEvaluation {
    /// Whether the timeout of the work has passed.
    fn is_overdue(&self) -> bool;

    /// The event of work that did not finish before the timeout.
    fn expired_event(&self) -> JobEvent;

    /// What to store for the next poll. None when nothing changed.
    fn changed_state(&self) -> Option<Map<String, Value>>;

    /// The number of consecutive polls that the provider rejected.
    fn rejected_polls(&mut self) -> &mut u32;

    /// The work is in progress, or has expired.
    fn in_progress(&self, percent: Option<f64>) -> PollStatus {
        match self.is_overdue() {
            true => PollStatus::Ended(self.expired_event()),
            false => PollStatus::InProgress { percent, provider_state: self.changed_state() },
        }
    }

    /// A temporary failure changes nothing before the timeout of the work.
    fn handle_temporary_failure(&self, error: Error) -> QueryStep<PollStatus> {
        match self.is_overdue() {
            true => QueryStep::Done(PollStatus::Ended(self.expired_event())),
            false => QueryStep::Failed(error),
        }
    }

    /// Three consecutive rejected polls fail the job (contract 3.2). A token that is rejected again counts as one: a
    /// gateway in front of the API may respond like that for a moment, and the video would be lost.
    fn handle_rejected_poll(&mut self, error_response: &ErrorResponse, work: &str) -> QueryStep<PollStatus> {
        *self.rejected_polls() += 1;
        if *self.rejected_polls() < MAX_REJECTED_POLLS {
            return QueryStep::Done(self.in_progress(None));
        }
        let error = match error_response.kind() {
            ErrorKind::InvalidToken => error_response.to_error(),
            _ => {
                let message = format!("AI Studios rejects polls of the {work}: {}", error_response.message);
                failure(&message, error_response)
            }
        };
        QueryStep::Done(PollStatus::NotFound(error))
    }
}

/// The error of work that will not finish, with the provider's response.
pub(super) fn failure(message: &str, error_response: &ErrorResponse) -> Error {
    Error::new(ErrorClass::ProviderFailed, message).with_provider_error(error_response.to_provider_answer())
}

/// The error of a poll without a response.
pub(super) fn no_response() -> Error {
    Error::new(ErrorClass::ProviderUnavailable, "AI Studios did not respond")
}
