//! How much time of an invocation is left for requests to a provider.

use std::time::Duration;

use time::OffsetDateTime;

/// The time that the invocation needs after the last response of the provider, to record it and to return its own
/// response.
pub(crate) const RESERVE: Duration = Duration::from_secs(2);

/// A request is sent only if at least this much time is left for its response. The outcome of an interrupted request is
/// unknown.
const MIN_RESPONSE_TIME: Duration = Duration::from_secs(5);

/// Returns the latest time at which a request can be sent so that its response arrives before the deadline.
pub fn latest_send_time(timeout: Duration, deadline: OffsetDateTime) -> OffsetDateTime {
    deadline - RESERVE - timeout.min(MIN_RESPONSE_TIME)
}

/// Returns the time until the deadline, zero when it has passed.
pub fn time_until(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}

/// Whether a request that is sent after `wait` can still get its response.
pub(crate) fn has_time_for_response(deadline: OffsetDateTime, timeout: Duration, wait: Duration) -> bool {
    time_until(deadline) > wait + RESERVE + timeout.min(MIN_RESPONSE_TIME)
}
