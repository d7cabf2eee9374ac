//! Delays before a request is retried that did no work (contract 6.2).

use std::time::Duration;

use bytes::Bytes;
use model::Error;

use crate::{QueryStep, SendResult, SubmitStep, parse_retry_after};

/// The maximum number of retries of a throttled request.
const MAX_THROTTLED_RETRIES: u32 = 3;
/// The first delay without a `Retry-After`. It doubles with each retry up to the maximum (contract 6.2).
const FIRST_THROTTLED_DELAY: Duration = Duration::from_secs(30);
const MAX_THROTTLED_DELAY: Duration = Duration::from_secs(300);
/// The delays after temporary failures.
const FAILURE_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Counts the retries of one operation.
#[derive(Debug, Default)]
pub(super) struct RetryDelays {
    throttled: u32,
    failed: usize,
}

impl RetryDelays {
    /// Returns the delay after a throttled request, with the error for the caller. None after the last retry.
    pub(super) fn next_after_throttling(
        &mut self,
        result: &SendResult,
        error: Error,
    ) -> (Option<Duration>, Error) {
        let requested = result.as_ref().ok().and_then(parse_retry_after);
        let wait = requested
            .unwrap_or_else(|| (FIRST_THROTTLED_DELAY * 2_u32.pow(self.throttled)).min(MAX_THROTTLED_DELAY));
        // Rounded up: a retry that is a moment too early is throttled again.
        let error = error.with_retry_after(wait.as_secs_f64().ceil().max(1.0) as u64);
        self.throttled += 1;
        ((self.throttled <= MAX_THROTTLED_RETRIES).then_some(wait), error)
    }

    /// Returns the delay after a temporary failure. None after the last retry.
    pub(super) fn next_after_failure(&mut self) -> Option<Duration> {
        self.failed += 1;
        FAILURE_DELAYS.get(self.failed - 1).copied()
    }

    /// Retries a throttled request.
    pub(super) fn retry_throttled<T>(
        &mut self,
        request: Result<http::Request<Bytes>, Error>,
        result: &SendResult,
        error: Error,
    ) -> QueryStep<T> {
        let (wait, error) = self.next_after_throttling(result, error);
        retry_step(wait, request, error)
    }

    /// Retries a request after a temporary failure.
    pub(super) fn retry_failed<T>(
        &mut self,
        request: Result<http::Request<Bytes>, Error>,
        error: Error,
    ) -> QueryStep<T> {
        retry_step(self.next_after_failure(), request, error)
    }
}

/// The step that sends a request of a submission again after this time. Without a time the error ends the submission.
pub(super) fn resend_after(
    wait: Option<Duration>,
    request: Result<http::Request<Bytes>, Error>,
    otherwise: Error,
) -> SubmitStep {
    match (wait, request) {
        (None, _) => SubmitStep::Rejected(otherwise),
        (Some(wait), Ok(request)) => SubmitStep::SendAfter { wait, request, deadline_error: otherwise },
        (Some(_), Err(error)) => SubmitStep::Rejected(error),
    }
}

fn retry_step<T>(
    wait: Option<Duration>,
    request: Result<http::Request<Bytes>, Error>,
    otherwise: Error,
) -> QueryStep<T> {
    match (wait, request) {
        (None, _) => QueryStep::Failed(otherwise),
        (Some(wait), Ok(request)) => QueryStep::SendAfter { wait, request, deadline_error: otherwise },
        (Some(_), Err(error)) => QueryStep::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use model::ErrorClass;

    use super::*;

    #[test]
    fn throttled_requests_are_retried_after_the_requested_or_a_doubling_delay() {
        let response = |after: Option<&str>| -> SendResult {
            let mut builder = http::Response::builder().status(429);
            if let Some(after) = after {
                builder = builder.header("retry-after", after);
            }
            Ok(builder.body(Bytes::new()).expect("a response"))
        };
        let error = || Error::new(ErrorClass::ProviderThrottled, "later");
        let mut retry_delays = RetryDelays::default();
        let mut waits = vec![];
        for after in [None, Some("7"), None, None] {
            let (wait, error) = retry_delays.next_after_throttling(&response(after), error());
            waits.push((wait.map(|wait| wait.as_secs()), error.retry_after));
        }
        let expected = [(Some(30), Some(30)), (Some(7), Some(7)), (Some(120), Some(120)), (None, Some(240))];
        assert_eq!(waits, expected);
    }
}
