//! Rotation of a signing secret: no delivery is lost, whichever side changes first.

use http::Method;
use serde_json::{Value, json};

use super::new_export;
use crate::world::World;

impl World {
    /// Rotates the provider's signing secret. Returns the new one and the old one.
    async fn rotate_provider_secret(&self) -> (Value, Value) {
        let old = self.secret().await["providers"]["abyssale"]["signing_secrets"][0].clone();
        let new = self.call_abyssale("/signing-secret/rotate", Value::Null).await["secret"].clone();
        assert_ne!(old, new);
        (new, old)
    }
}

#[tokio::test]
async fn both_secrets_are_accepted_while_both_are_configured() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (new, old) = world.rotate_provider_secret().await;
    world.set_signing_secrets(json!([new, old])).await;
    for secret in [&new, &old] {
        let delivery = json!({ "url": url, "body": new_export(), "secrets": [secret] });
        assert_eq!(world.deliver(delivery).await, 200);
    }
}

#[tokio::test]
async fn a_delivery_with_two_signatures_is_accepted_if_one_secret_is_known() {
    for knows_new in [true, false] {
        let world = World::start().await;
        let (new, old) = world.rotate_provider_secret().await;
        let known = if knows_new { new } else { old };
        world.set_signing_secrets(json!([known])).await;
        let id = world.submit_export(1).await;
        world.wait_for_status(&id, "stored").await;
        let sent = world.deliveries().pop().expect("a delivery");
        let signature = sent["attempts"][0]["headers"]["x-abyssale-signature"].as_str().expect("a signature");
        assert_eq!(signature.matches("v1=").count(), 2, "{signature}");
    }
}

#[tokio::test]
async fn a_rotation_takes_effect_without_a_restart() {
    let world = World::start().await;
    // A rejected delivery makes the receiver read the secret again, at most every few seconds, so the provider
    // retries every second of real time.
    world.admin(Method::PUT, "/knobs", json!({ "retry_delays_seconds": [1], "delivery_attempts": 60 }));
    let before = world.submit_export(1).await;
    world.wait_for_status(&before, "stored").await;
    let (new, _) = world.rotate_provider_secret().await;
    world.call_abyssale("/signing-secret/revoke", Value::Null).await;
    world.set_signing_secrets(json!([new])).await;
    let after = world.submit_export(1).await;
    world.wait_for_status(&after, "stored").await;
}

#[tokio::test]
async fn a_signature_of_a_removed_secret_is_rejected() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (new, old) = world.rotate_provider_secret().await;
    world.set_signing_secrets(json!([new])).await;
    let before = world.aws_calls();
    let delivery = json!({ "url": url, "body": new_export(), "secrets": [old] });
    assert_eq!(world.deliver(delivery).await, 401);
    assert_eq!(world.aws_calls(), before);
}
