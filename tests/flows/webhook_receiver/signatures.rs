//! Signatures: a right token is not enough once deliveries are signed.

use serde_json::{Value, json};

use super::{new_export, refused};
use crate::world::World;

/// The provider spoils its first attempt, is refused, and gets in with the next one.
async fn refused_at_first(spoiled: &str) {
    let world = World::start().await;
    world.trouble(json!({ "on": "delivery", "kind": spoiled }));
    let id = world.submitted(1).await;
    let url = world.callback_url(&id);
    assert_eq!(world.answers(&url, 1).await, [401]);
    assert_eq!(world.job(&id).await["status"], "submitted");
    assert_eq!(world.recorded(&id).await, Vec::<String>::new());
    assert_eq!(world.keys().await, Vec::<String>::new());
    world.next_delivery();
    world.ends(&id, "stored").await;
    assert_eq!(world.answers(&url, 2).await, [401, 200]);
    assert_eq!(world.recorded(&id).await.len(), 1);
}

#[tokio::test]
async fn a_forged_signature_is_refused() {
    refused_at_first("forged_signature").await;
}

#[tokio::test]
async fn a_stale_signature_is_refused_and_a_fresh_attempt_gets_in() {
    refused_at_first("stale_time").await;
}

#[tokio::test]
async fn the_signature_of_another_secret_is_refused() {
    refused_at_first("wrong_secret").await;
}

#[tokio::test]
async fn a_missing_signature_is_refused() {
    refused_at_first("unsigned").await;
}

#[tokio::test]
async fn a_delivery_without_any_header_of_the_provider_is_refused() {
    refused_at_first("missing_headers").await;
}

#[tokio::test]
async fn a_signature_over_other_bytes_is_refused() {
    let world = World::start().await;
    let (_, url) = world.submitted_in_silence(1).await;
    let signed = json!({ "url": url, "sign": true, "body": new_export() });
    assert_eq!(world.deliver(signed).await, 200);
    let sent = world.deliveries().pop().expect("a delivery");
    let signature = &sent["attempts"][0]["headers"]["x-abyssale-signature"];
    world.rests().await;
    let before = world.calls();
    let body = format!("{} ", new_export());
    let changed = json!({ "url": url, "body": body, "headers": { "x-abyssale-signature": signature } });
    assert_eq!(world.deliver(changed).await, 401);
    assert_eq!(world.calls(), before);
}

#[tokio::test]
async fn a_token_is_enough_for_a_callback_while_no_signing_secret_is_configured() {
    let world = World::start().await;
    world.know_signing_secrets(json!([])).await;
    world.trouble(json!({ "on": "delivery", "kind": "unsigned", "count": null }));
    let id = world.submitted(2).await;
    world.ends(&id, "stored").await;
    let (_, url) = world.submitted_in_silence(1).await;
    let (job, _) = url.rsplit_once('/').expect("a token");
    refused(&world, &format!("{job}/AAAA"), 401).await;
}

#[tokio::test]
async fn a_workspace_delivery_proves_nothing_while_no_signing_secret_is_configured() {
    let world = World::start().await;
    world.know_signing_secrets(Value::Null).await;
    let before = world.calls();
    let unsigned = json!({ "url": world.hook_url(), "body": new_export() });
    assert_eq!(world.deliver(unsigned).await, 401);
    assert_eq!(world.calls(), before);
    refused(&world, &world.hook_url(), 401).await;
}
