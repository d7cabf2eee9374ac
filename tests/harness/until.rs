//! Waiting for a condition with a deadline, the only way in which tests wait.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within 60 seconds; `what` is in the message.
pub async fn until<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited 60 s in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
