//! Signatures: once deliveries are signed, the callback token is not sufficient.

use serde_json::{Value, json};

use super::{assert_rejected, new_export};
use crate::world::World;

/// Checks that a first attempt with this fault is rejected, and that the next one is accepted.
async fn assert_first_attempt_rejected(spoiled: &str) {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "delivery", "kind": spoiled }));
    let id = world.submit_export(1).await;
    let url = world.callback_url(&id);
    assert_eq!(world.wait_for_attempts(&url, 1).await, [401]);
    assert_eq!(world.job(&id).await["status"], "submitted");
    assert_eq!(world.recorded_deliveries(&id).await, Vec::<String>::new());
    assert_eq!(world.object_keys().await, Vec::<String>::new());
    world.advance_to_next_delivery();
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.wait_for_attempts(&url, 2).await, [401, 200]);
    assert_eq!(world.recorded_deliveries(&id).await.len(), 1);
}

#[tokio::test]
async fn a_forged_signature_is_rejected() {
    assert_first_attempt_rejected("forged_signature").await;
}

#[tokio::test]
async fn a_stale_signature_is_rejected_and_a_fresh_one_accepted() {
    assert_first_attempt_rejected("stale_time").await;
}

#[tokio::test]
async fn a_signature_of_another_secret_is_rejected() {
    assert_first_attempt_rejected("wrong_secret").await;
}

#[tokio::test]
async fn a_missing_signature_is_rejected() {
    assert_first_attempt_rejected("unsigned").await;
}

#[tokio::test]
async fn a_delivery_without_the_providers_headers_is_rejected() {
    assert_first_attempt_rejected("missing_headers").await;
}

#[tokio::test]
async fn a_signature_over_other_bytes_is_rejected() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let signed = json!({ "url": url, "sign": true, "body": new_export() });
    assert_eq!(world.deliver(signed).await, 200);
    let sent = world.deliveries().pop().expect("a delivery");
    let signature = &sent["attempts"][0]["headers"]["x-abyssale-signature"];
    world.wait_for_empty_queue().await;
    let before = world.aws_calls();
    let body = format!("{} ", new_export());
    let changed = json!({ "url": url, "body": body, "headers": { "x-abyssale-signature": signature } });
    assert_eq!(world.deliver(changed).await, 401);
    assert_eq!(world.aws_calls(), before);
}

#[tokio::test]
async fn without_a_signing_secret_the_callback_token_is_sufficient() {
    let world = World::start().await;
    world.set_signing_secrets(json!([])).await;
    world.inject_fault(json!({ "on": "delivery", "kind": "unsigned", "count": null }));
    let id = world.submit_export(2).await;
    world.wait_for_status(&id, "stored").await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (job, _) = url.rsplit_once('/').expect("a token");
    assert_rejected(&world, &format!("{job}/AAAA"), 401).await;
}

#[tokio::test]
async fn without_a_signing_secret_workspace_deliveries_are_rejected() {
    let world = World::start().await;
    world.set_signing_secrets(Value::Null).await;
    let before = world.aws_calls();
    let unsigned = json!({ "url": world.subscription_url(), "body": new_export() });
    assert_eq!(world.deliver(unsigned).await, 401);
    assert_eq!(world.aws_calls(), before);
    assert_rejected(&world, &world.subscription_url(), 401).await;
}
