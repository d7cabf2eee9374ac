//! Waits for a condition with a deadline. Tests wait in no other way.

use std::time::{Duration, Instant};

/// Calls `check` every 25 ms until it returns a value.
///
/// # Panics
/// When it returns none within 60 seconds. The message contains `what`.
pub async fn until<T, F>(what: &str, check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    until_within(Duration::from_secs(60), what, check).await
}

/// The same with another timeout, for instance to wait for a schedule.
///
/// # Panics
/// When `check` returns no value within `timeout`. The message contains `what`.
pub async fn until_within<T, F>(timeout: Duration, what: &str, mut check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < deadline, "timed out after {} s waiting for: {what}", timeout.as_secs());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
