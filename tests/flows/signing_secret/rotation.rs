//! Rotation: from one secret to the next without a refused delivery.

use harness::until;
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

/// Exports of one side of a rotation.
const LOAD: usize = 12;

impl World {
    /// Submits exports, and waits until all of them are stored.
    async fn stored(&self, count: usize) {
        let mut ids = vec![];
        for _ in 0..count {
            ids.push(self.submitted(1).await);
        }
        for id in ids {
            self.ends(&id, "stored").await;
        }
    }
}

/// Checks that every delivery was let in at its first attempt.
fn nothing_was_refused(world: &World) {
    let sent = world.deliveries().into_iter().filter(|sent| sent["url"] != world.nowhere());
    for delivery in sent {
        let attempts = delivery["attempts"].as_array().expect("attempts");
        assert!(attempts.len() == 1 && attempts[0]["status"] == 200, "{delivery:#}");
    }
}

#[tokio::test]
async fn a_rotation_under_load_refuses_nothing() {
    let world = World::start().await;
    // The receiver has looked at its secret before, and knows the old one alone for the next five minutes.
    world.stored(1).await;
    let rotate = async {
        until("half of it is on its way", || async { (world.deliveries().len() > LOAD / 2).then_some(()) })
            .await;
        world.signing("rotate").await
    };
    tokio::join!(rotate, world.stored(LOAD));
    world.stored(LOAD).await;
    nothing_was_refused(&world);
    let codes = world.codes();
    assert_eq!((codes.len(), codes[0], codes[2 * LOAD]), (2 * LOAD + 1, 1, 2));
}

#[tokio::test]
async fn a_rotation_that_spreads_slowly_refuses_nothing() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "secret_cache_seconds": 60 }));
    world.signing_side_looks().await;
    world.signing("rotate").await;
    // The receiver has not looked before, and knows the new list. The provider still signs with the old secret alone.
    world.stored(LOAD).await;
    world.admin(Method::POST, "/clock/advance", json!({ "seconds": 60 }));
    world.stored(LOAD).await;
    nothing_was_refused(&world);
    let codes = world.codes();
    assert_eq!((codes[1], codes[2 * LOAD]), (1, 2));
}

#[tokio::test]
async fn both_secrets_are_accepted_in_the_overlap_and_the_list_says_how_long() {
    let world = World::start().await;
    let (_, url) = world.submitted_in_silence(1).await;
    let rotated = world.signing("rotate").await;
    let held = world.held().await;
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
async fn a_secret_whose_time_is_over_opens_nothing_and_goes_with_the_next_fetch() {
    let world = World::start().await;
    let (_, url) = world.submitted_in_silence(1).await;
    let rotated = world.signing("rotate").await;
    let old = world.held().await[1].clone();
    let mut secret = world.secret().await;
    let name = rotated["stored"][1]["fingerprint"].as_str().expect("a fingerprint");
    secret["providers"]["abyssale"]["signing_secrets_until"][name] = json!("2026-01-01T00:00:00Z");
    world.put_secret(&secret).await;
    assert_eq!(world.deliver(json!({ "url": url, "body": {}, "secrets": [old] })).await, 401);
    assert_eq!(world.signing("fetch").await["stored_total"], 1);
    assert_eq!(world.secret().await["providers"]["abyssale"]["signing_secrets_until"], json!({}));
}

#[tokio::test]
async fn a_secret_that_was_never_fetched_is_held_before_it_is_replaced() {
    let world = World::start().await;
    let old = world.held().await;
    world.know_signing_secrets(json!([])).await;
    world.signing("rotate").await;
    let held = world.held().await;
    assert_eq!((held.len(), &held[1]), (2, &old[0]));
}

#[tokio::test]
async fn a_second_rotation_within_the_overlap_is_refused_by_name_and_changes_nothing() {
    let world = World::start().await;
    world.signing("rotate").await;
    let before = world.secret().await;
    let failure = world.sign_with(json!({ "action": "rotate" })).await.expect_err("a refusal");
    assert_eq!(failure.error_type, "Permanent.ProviderConflict");
    assert!(failure.error_message.contains("previous_secret_still_active"), "{}", failure.error_message);
    assert_eq!(world.secret().await, before);
    assert_eq!(world.asked_for("POST", "/signing-secret/rotate"), 2);
}

#[tokio::test]
async fn a_forced_rotation_drops_the_oldest() {
    let world = World::start().await;
    world.signing("rotate").await;
    let before = world.held().await;
    let forced = world.sign_with(json!({ "action": "rotate", "force": true })).await.expect("a rotation");
    let after = world.held().await;
    assert_eq!((after.len(), &after[1]), (2, &before[0]), "{forced:#}");
    assert!(!before.contains(&after[0]));
    world.stored(1).await;
}

#[tokio::test]
async fn a_revoked_secret_opens_nothing_and_the_present_one_stays() {
    let world = World::start().await;
    world.signing("rotate").await;
    let before = world.held().await;
    let revoked = world.signing("revoke").await;
    assert_eq!(world.held().await, before[..1]);
    assert_eq!(revoked["at_provider"]["previous_until"], Value::Null);

    let id = world.submitted(1).await;
    world.ends(&id, "stored").await;
    assert_eq!(world.codes(), [1]);
    let leaked = json!({ "url": world.callback_url(&id), "body": {}, "secrets": [before[1]] });
    assert_eq!(world.deliver(leaked).await, 401);
}

#[tokio::test]
async fn a_revocation_without_an_overlap_changes_nothing() {
    let world = World::start().await;
    let before = world.held().await;
    world.signing("revoke").await;
    assert_eq!(world.held().await, before);
}
