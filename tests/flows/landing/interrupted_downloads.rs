//! Downloads that break, stall or are refused temporarily, and land in the end.

use serde_json::{Value, json};

use crate::world::World;

/// Checks that an export lands despite these faults.
async fn assert_lands_despite(faults: Value) {
    let world = World::start_with(|options| options.variable("RETRY_BASE_SECONDS", "0")).await;
    let job = world.land_with_faults(faults, "stored").await;
    let bytes = world.read_object(job["archive"]["key"].as_str().expect("a key")).await;
    assert_eq!((&job["archive"]["bytes"], &job["archive"]["entries"]), (&json!(bytes.len()), &json!(3)));
    assert_eq!(job["error"], Value::Null);
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_body_is_retried() {
    assert_lands_despite(json!({ "on": "archive", "kind": "cut", "after_bytes": 3000, "count": 2 })).await;
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_first_byte_is_retried() {
    assert_lands_despite(json!({ "on": "archive", "kind": "cut", "after_bytes": 0, "count": 2 })).await;
}

#[tokio::test]
async fn server_errors_and_throttling_are_retried() {
    assert_lands_despite(json!([
        { "on": "archive", "kind": "unavailable", "status": 500 },
        { "on": "archive", "kind": "unavailable", "status": 503 },
        { "on": "archive", "kind": "unavailable", "status": 429 },
    ]))
    .await;
}

#[tokio::test]
async fn a_slow_body_lands() {
    assert_lands_despite(json!({ "on": "archive", "kind": "slow", "chunk": 8192, "pause_seconds": 0.05 }))
        .await;
}

#[tokio::test]
async fn a_body_without_a_length_lands() {
    let world = World::start().await;
    world.hide_archive_length();
    world.land_with_faults(json!([]), "stored").await;
}

#[tokio::test]
async fn the_content_type_of_the_source_does_not_matter() {
    assert_lands_despite(json!({ "on": "archive", "kind": "content_type", "value": "binary/octet-stream" }))
        .await;
}
