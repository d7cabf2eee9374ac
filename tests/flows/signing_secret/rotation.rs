//! Rotation of the signing secret without a rejected delivery.

use harness::until;
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

/// The number of exports before and after a rotation.
const LOAD: usize = 12;

impl World {
    /// Submits exports, and waits until all of them are stored.
    async fn submit_and_store_exports(&self, count: usize) {
        let mut ids = vec![];
        for _ in 0..count {
            ids.push(self.submit_export(1).await);
        }
        for id in ids {
            self.wait_for_status(&id, "stored").await;
        }
    }
}

/// Checks that every delivery was accepted at its first attempt.
fn assert_all_accepted(world: &World) {
    let sent = world.deliveries().into_iter().filter(|sent| sent["url"] != world.unknown_webhook_url());
    for delivery in sent {
        let attempts = delivery["attempts"].as_array().expect("attempts");
        assert!(attempts.len() == 1 && attempts[0]["status"] == 200, "{delivery:#}");
    }
}

#[tokio::test]
async fn a_rotation_under_load_rejects_no_delivery() {
    let world = World::start().await;
    // The receiver has read its secret before, and caches the old one for the next five minutes.
    world.submit_and_store_exports(1).await;
    let rotate = async {
        until("half of the deliveries are sent", || async {
            (world.deliveries().len() > LOAD / 2).then_some(())
        })
        .await;
        world.run_signing_secret("rotate").await
    };
    tokio::join!(rotate, world.submit_and_store_exports(LOAD));
    world.submit_and_store_exports(LOAD).await;
    assert_all_accepted(&world);
    let codes = world.signature_counts();
    assert_eq!((codes.len(), codes[0], codes[2 * LOAD]), (2 * LOAD + 1, 1, 2));
}

#[tokio::test]
async fn a_slowly_propagating_rotation_rejects_no_delivery() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "secret_cache_seconds": 60 }));
    world.warm_signing_cache().await;
    world.run_signing_secret("rotate").await;
    // The receiver has not read its secret before, and gets the new list. The provider still signs with the old
    // secret alone.
    world.submit_and_store_exports(LOAD).await;
    world.admin(Method::POST, "/clock/advance", json!({ "seconds": 60 }));
    world.submit_and_store_exports(LOAD).await;
    assert_all_accepted(&world);
    let codes = world.signature_counts();
    assert_eq!((codes[1], codes[2 * LOAD]), (1, 2));
}

#[tokio::test]
async fn both_secrets_are_accepted_during_a_rotation_and_their_expiry_is_listed() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let rotated = world.run_signing_secret("rotate").await;
    let held = world.stored_signing_secrets().await;
    assert_eq!(held.len(), 2);
    for secret in &held {
        let delivery = json!({ "url": url, "body": {}, "secrets": [secret] });
        assert_eq!(world.deliver(delivery).await, 200);
    }
    assert_eq!(rotated["stored"][0]["fingerprint"], rotated["at_provider"]["fingerprint"]);
    assert_eq!(rotated["stored"][0]["until"], Value::Null);
    // A little longer than the provider signs with it.
    let until = rotated["stored"][1]["until"].as_str().expect("a time");
    assert!(until > rotated["at_provider"]["previous_until"].as_str().expect("a time"), "{rotated:#}");
}

#[tokio::test]
async fn an_expired_secret_is_rejected_and_removed_by_the_next_fetch() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let rotated = world.run_signing_secret("rotate").await;
    let old = world.stored_signing_secrets().await[1].clone();
    let mut secret = world.secret().await;
    let name = rotated["stored"][1]["fingerprint"].as_str().expect("a fingerprint");
    secret["providers"]["abyssale"]["signing_secrets_until"][name] = json!("2026-01-01T00:00:00Z");
    world.put_secret(&secret).await;
    assert_eq!(world.deliver(json!({ "url": url, "body": {}, "secrets": [old] })).await, 401);
    assert_eq!(world.run_signing_secret("fetch").await["stored_total"], 1);
    assert_eq!(world.secret().await["providers"]["abyssale"]["signing_secrets_until"], json!({}));
}

#[tokio::test]
async fn a_secret_that_was_never_fetched_is_stored_before_its_rotation() {
    let world = World::start().await;
    let old = world.stored_signing_secrets().await;
    world.set_signing_secrets(json!([])).await;
    world.run_signing_secret("rotate").await;
    let held = world.stored_signing_secrets().await;
    assert_eq!((held.len(), &held[1]), (2, &old[0]));
}

#[tokio::test]
async fn a_second_rotation_during_the_overlap_is_rejected_and_changes_nothing() {
    let world = World::start().await;
    world.run_signing_secret("rotate").await;
    let before = world.secret().await;
    let failure = world.try_signing_secret(json!({ "action": "rotate" })).await.expect_err("a rejection");
    assert_eq!(failure.error_type, "Permanent.ProviderConflict");
    assert!(failure.error_message.contains("previous_secret_still_active"), "{}", failure.error_message);
    assert_eq!(world.secret().await, before);
    assert_eq!(world.provider_request_count("POST", "/signing-secret/rotate"), 2);
}

#[tokio::test]
async fn a_forced_rotation_drops_the_oldest_secret() {
    let world = World::start().await;
    world.run_signing_secret("rotate").await;
    let before = world.stored_signing_secrets().await;
    let forced =
        world.try_signing_secret(json!({ "action": "rotate", "force": true })).await.expect("a rotation");
    let after = world.stored_signing_secrets().await;
    assert_eq!((after.len(), &after[1]), (2, &before[0]), "{forced:#}");
    assert!(!before.contains(&after[0]));
    world.submit_and_store_exports(1).await;
}

#[tokio::test]
async fn a_revoked_secret_is_rejected_and_the_current_one_stays() {
    let world = World::start().await;
    world.run_signing_secret("rotate").await;
    let before = world.stored_signing_secrets().await;
    let revoked = world.run_signing_secret("revoke").await;
    assert_eq!(world.stored_signing_secrets().await, before[..1]);
    assert_eq!(revoked["at_provider"]["previous_until"], Value::Null);

    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.signature_counts(), [1]);
    let leaked = json!({ "url": world.callback_url(&id), "body": {}, "secrets": [before[1]] });
    assert_eq!(world.deliver(leaked).await, 401);
}

#[tokio::test]
async fn a_revocation_without_an_overlap_changes_nothing() {
    let world = World::start().await;
    let before = world.stored_signing_secrets().await;
    world.run_signing_secret("revoke").await;
    assert_eq!(world.stored_signing_secrets().await, before);
}
