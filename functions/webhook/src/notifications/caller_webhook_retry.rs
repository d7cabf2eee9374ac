//! The retry schedule of caller webhooks.

use std::time::Duration;

/// The delay after each failed attempt but the last, in seconds: about 15 hours in all.
const RETRY_DELAYS: [u32; 8] = [5, 60, 300, 1800, 3600, 7200, 14_400, 28_800];
/// How many times a webhook is sent: the `maxReceiveCount` of the queue.
pub const CALLER_ATTEMPTS: u32 = RETRY_DELAYS.len() as u32 + 1;
/// The longest delay that a caller may ask for, in seconds: SQS hides a message for 12 hours at most since its
/// receipt.
const MAX_VISIBILITY_TIMEOUT_SECONDS: u32 = 43_000;

/// Seconds until the next attempt. A jitter of up to a tenth is added to the schedule, so that a caller that was down
/// does not receive everything at once. `retry_after` is what the caller asks for, and may lengthen the delay.
pub(super) fn retry_delay(attempt: u32, retry_after: Option<Duration>, random_byte: u8) -> u32 {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(scheduled) = RETRY_DELAYS.get(index) else { return 0 };
    let jitter = scheduled * u32::from(random_byte) / (10 * u32::from(u8::MAX));
    let retry_after = retry_after.map_or(0, |delay| u32::try_from(delay.as_secs()).unwrap_or(u32::MAX));
    (scheduled + jitter).max(retry_after).min(MAX_VISIBILITY_TIMEOUT_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_the_last_attempt_has_none() {
        let delays: Vec<u32> = (1..=CALLER_ATTEMPTS).map(|attempt| retry_delay(attempt, None, 0)).collect();
        assert_eq!(delays, [5, 60, 300, 1800, 3600, 7200, 14_400, 28_800, 0]);
        assert_eq!((retry_delay(2, None, u8::MAX), retry_delay(8, None, u8::MAX)), (66, 31_680));
        assert_eq!(retry_delay(200, None, 9), 0);
    }

    #[test]
    fn retry_after_lengthens_the_delay_up_to_the_limit_of_sqs_and_never_shortens_it() {
        assert_eq!(retry_delay(1, Some(Duration::from_secs(120)), 0), 120);
        assert_eq!(retry_delay(3, Some(Duration::from_secs(1)), 0), 300);
        assert_eq!(retry_delay(1, Some(Duration::MAX), 0), 43_000);
    }
}
