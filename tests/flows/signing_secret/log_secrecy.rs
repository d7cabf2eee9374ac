//! The command `signing_secret` logs what it does, and no secret.

use serde_json::json;

use crate::{log_capture::LogBuffer, world::World};

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
        text.contains("signing secret command completed") && text.contains("previous_secret_still_active"),
        "{text}"
    );
    world.assert_no_secret_in(&text).await;
}
