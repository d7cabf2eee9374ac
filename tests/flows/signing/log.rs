//! What is written to the log meanwhile.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

use crate::world::World;

/// A log that can be read afterwards.
#[derive(Clone, Default)]
pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// Writes down what our own crates log on this thread from now on, as long as the guard is held.
    pub(crate) fn open() -> (Self, DefaultGuard) {
        let page = Self::default();
        let written = page.clone();
        let ours = ["submit", "webhook", "notifications", "transport", "providers", "runtime", "model"];
        let filter = Targets::new().with_targets(ours.map(|name| (name, Level::TRACE)));
        let lines = fmt::layer().with_writer(move || written.clone()).with_filter(filter);
        (page, tracing::subscriber::set_default(tracing_subscriber::registry().with(lines)))
    }

    /// What is written so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }
}

#[tokio::test]
async fn no_secret_is_written_to_the_log() {
    let (page, _guard) = Page::open();
    let world = World::start().await;
    for action in ["fetch", "rotate", "status", "revoke"] {
        world.signing(action).await;
    }
    world.signing("rotate").await;
    world.sign_with(json!({ "action": "rotate" })).await.expect_err("a refusal");
    world.invoke(json!({ "command": "check", "provider": "abyssale" })).await.expect("an answer");

    let text = page.text();
    assert!(
        text.contains("signing secret looked after") && text.contains("previous_secret_still_active"),
        "{text}"
    );
    world.tells_no_secret(&text).await;
}
