//! Waiting for a condition with a deadline, the only way in which tests wait.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within 60 seconds; `what` is in the message.
pub async fn until<T, F>(what: &str, ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    until_within(Duration::from_secs(60), what, ask).await
}

/// The same for what may take longer, such as something that a schedule brings about.
///
/// # Panics
/// When there is no answer within `patience`; `what` is in the message.
pub async fn until_within<T, F>(patience: Duration, what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for: {what}", patience.as_secs());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
