//! Virtual time for a whole stack: all timers of this process follow a clock that only the test advances.

use std::{sync::mpsc, time::Duration};

use tokio::time::Instant;

/// How far the clock advances at once. The test calls the API after each step, so that requests which are under way
/// take little virtual time.
const STEP: Duration = Duration::from_millis(100);

/// The clock of this process, stopped. It runs again when it is dropped.
pub(crate) struct VirtualTime {
    started: Instant,
    _keep_stopped: mpsc::Sender<()>,
}

impl VirtualTime {
    /// Stops the clock. Only for tests with one thread.
    pub(crate) fn start() -> Self {
        let (keep_stopped, ended) = mpsc::channel::<()>();
        // A paused runtime advances its clock to the next timer whenever all tasks wait, also if they wait for sockets.
        // It does not while a blocking task is running.
        tokio::task::spawn_blocking(move || ended.recv());
        tokio::time::pause();
        Self { started: Instant::now(), _keep_stopped: keep_stopped }
    }

    /// Advances the clock until `check` is true. Returns how much virtual time has passed since the clock was stopped.
    ///
    /// # Panics
    /// When it is not true within `limit` of virtual time. The message contains `what`.
    pub(crate) async fn advance_until<F>(
        &self,
        limit: Duration,
        what: &str,
        mut check: impl FnMut() -> F,
    ) -> Duration
    where
        F: Future<Output = bool>,
    {
        while !check().await {
            assert!(self.started.elapsed() < limit, "not within {} virtual seconds: {what}", limit.as_secs());
            tokio::time::advance(STEP).await;
        }
        self.started.elapsed()
    }
}

impl Drop for VirtualTime {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}
