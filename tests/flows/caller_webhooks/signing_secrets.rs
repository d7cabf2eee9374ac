//! Signing secrets of webhooks: created, rotated, revoked, and shown as fingerprints only.

use serde_json::{Value, json};

use super::start_with_caller;
use crate::world::World;

/// The signing secrets that Landfall has stored.
pub(super) async fn stored_webhook_secrets(world: &World) -> Vec<Value> {
    world.secret().await["notify_signing_secrets"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_until_the_older_one_is_revoked() {
    let (world, caller) = start_with_caller(|options| options).await;
    world.run_webhook_secret("rotate").await;
    let old = stored_webhook_secrets(&world).await.remove(0);
    world.run_webhook_secret("rotate").await;
    let new = stored_webhook_secrets(&world).await.remove(0);
    assert_ne!(new, old);
    world.submit_with_webhook(&caller.url()).await;
    let webhooks = caller.wait_for_webhooks(1).await.remove(0);
    assert_eq!(webhooks.header("webhook-signature").split(' ').count(), 2);
    assert!(webhooks.is_signed_with(&old) && webhooks.is_signed_with(&new));

    let rejection = world.invoke(json!({ "command": "webhook_secret", "action": "rotate" })).await;
    let rejection = rejection.expect_err("a rejection");
    assert_eq!(rejection.error_type, "Permanent.InvalidRequest");
    world.run_webhook_secret("revoke").await;
    assert_eq!(stored_webhook_secrets(&world).await, [new]);
}

#[tokio::test]
async fn responses_contain_no_secret_and_the_rest_of_the_document_is_unchanged() {
    let world = World::start().await;
    let before = world.secret().await;
    assert_eq!(world.run_webhook_secret("status").await, json!({ "action": "status", "stored": [] }));
    let rotated = world.run_webhook_secret("rotate").await;
    let secrets = stored_webhook_secrets(&world).await;
    assert!(secrets[0].as_str().is_some_and(|secret| secret.starts_with("whsec_") && secret.len() == 50));
    assert!(!rotated.to_string().contains("whsec_"), "{rotated}");
    assert_eq!(rotated["stored"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.run_webhook_secret("status").await["stored"], rotated["stored"]);
    let mut after = world.secret().await;
    after.as_object_mut().expect("an object").remove("notify_signing_secrets");
    assert_eq!(after, before);
}
