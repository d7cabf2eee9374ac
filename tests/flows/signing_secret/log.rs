//! A captured log, and what the command `signing_secret` writes to it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

use crate::world::World;

/// A log in memory.
#[derive(Clone, Default)]
pub(crate) struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LogBuffer {
    /// Captures what Landfall's crates log on this thread while the guard is held.
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        let log_buffer = Self::default();
        let written = log_buffer.clone();
        let ours = ["submit", "webhook", "notify", "transport", "providers", "lambda", "model"];
        let filter = Targets::new().with_targets(ours.map(|name| (name, Level::TRACE)));
        let lines = fmt::layer().with_writer(move || written.clone()).with_filter(filter);
        (log_buffer, tracing::subscriber::set_default(tracing_subscriber::registry().with(lines)))
    }

    /// The text of the log so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }
}

#[tokio::test]
async fn no_secret_is_written_to_the_log() {
    let (log_buffer, _guard) = LogBuffer::capture();
    let world = World::start().await;
    for action in ["fetch", "rotate", "status", "revoke"] {
        world.run_signing_secret(action).await;
    }
    world.run_signing_secret("rotate").await;
    world.try_signing_secret(json!({ "action": "rotate" })).await.expect_err("a rejection");
    world.invoke(json!({ "command": "check", "provider": "abyssale" })).await.expect("a response");

    let text = log_buffer.text();
    assert!(
        text.contains("signing secret looked after") && text.contains("previous_secret_still_active"),
        "{text}"
    );
    world.assert_no_secret_in(&text).await;
}
