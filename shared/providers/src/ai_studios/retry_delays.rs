//! Waits before a request that did no harm is sent again (contract 6.2).

use std::time::Duration;

use bytes::Bytes;
use model::Error;

use crate::{QueryStep, SendResult, retry_after};

/// How often a request is repeated that the provider refused for the moment.
const MAX_RETRIES: u32 = 3;
/// The first wait for want of a `Retry-After`; doubles up to the longest (contract 6.2).
const FIRST: Duration = Duration::from_secs(30);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(300);
/// Waits after trouble in passing.
const TROUBLE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Counts the repeats of one operation.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    throttled: u32,
    troubled: usize,
}

impl Repeats {
    /// How long a throttling answer asks to wait, with the failure that says so. None when it was repeated often enough.
    pub(super) fn throttled(&mut self, answer: &SendResult, error: Error) -> (Option<Duration>, Error) {
        let wanted = answer.as_ref().ok().and_then(retry_after);
        let wait = wanted.unwrap_or_else(|| (FIRST * 2_u32.pow(self.throttled)).min(MAX_RETRY_DELAY));
        // Rounded up: who comes back a moment too soon is refused again.
        let error = error.retry_after(wait.as_secs_f64().ceil().max(1.0) as u64);
        self.throttled += 1;
        ((self.throttled <= MAX_RETRIES).then_some(wait), error)
    }

    /// How long to wait after trouble in passing. None when it was repeated often enough.
    pub(super) fn troubled(&mut self) -> Option<Duration> {
        self.troubled += 1;
        TROUBLE.get(self.troubled - 1).copied()
    }

    /// The same request after a throttling answer.
    pub(super) fn after_throttling<T>(
        &mut self,
        request: Result<http::Request<Bytes>, Error>,
        answer: &SendResult,
        error: Error,
    ) -> QueryStep<T> {
        let (wait, error) = self.throttled(answer, error);
        again(wait, request, error)
    }

    /// The same request after trouble in passing.
    pub(super) fn after_trouble<T>(
        &mut self,
        request: Result<http::Request<Bytes>, Error>,
        error: Error,
    ) -> QueryStep<T> {
        again(self.troubled(), request, error)
    }
}

fn again<T>(
    wait: Option<Duration>,
    request: Result<http::Request<Bytes>, Error>,
    otherwise: Error,
) -> QueryStep<T> {
    match (wait, request) {
        (None, _) => QueryStep::Failed(otherwise),
        (Some(wait), Ok(request)) => QueryStep::SendAfter { wait, request, otherwise },
        (Some(_), Err(error)) => QueryStep::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use model::ErrorClass;

    use super::*;

    #[test]
    fn throttling_is_waited_out_as_asked_or_twice_as_long_each_time() {
        let answer = |after: Option<&str>| -> SendResult {
            let mut response = http::Response::builder().status(429);
            if let Some(after) = after {
                response = response.header("retry-after", after);
            }
            Ok(response.body(Bytes::new()).expect("a response"))
        };
        let error = || Error::new(ErrorClass::ProviderThrottled, "later");
        let mut repeats = Repeats::default();
        let mut waits = vec![];
        for after in [None, Some("7"), None, None] {
            let (wait, error) = repeats.throttled(&answer(after), error());
            waits.push((wait.map(|wait| wait.as_secs()), error.retry_after));
        }
        let expected = [(Some(30), Some(30)), (Some(7), Some(7)), (Some(120), Some(120)), (None, Some(240))];
        assert_eq!(waits, expected);
    }
}
