//! The first signing secret: from unsigned deliveries to signed ones.

use harness::{cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_fetched_secret_is_stored_and_the_next_delivery_is_verified() {
    let world = World::start().await;
    world.remove_signing_secrets().await;
    let fetched = world.run_signing_secret("fetch").await;
    assert_eq!((&fetched["in_sync"], &fetched["stored_total"]), (&json!(true), &json!(1)), "{fetched:#}");
    assert_eq!(fetched["stored"][0]["fingerprint"], fetched["at_provider"]["fingerprint"]);
    assert!(fetched["at_provider"]["created_at"].as_str().is_some_and(|time| time.ends_with('Z')));

    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.signature_counts(), [1]);
    // The callback token alone is no longer sufficient.
    let unsigned = json!({ "url": world.callback_url(&id), "body": {} });
    assert_eq!(world.deliver(unsigned).await, 401);
}

#[tokio::test]
async fn a_running_receiver_picks_up_the_secret() {
    let world = World::start().await;
    world.remove_signing_secrets().await;
    let before = world.submit_export(1).await;
    world.wait_for_status(&before, "stored").await;
    world.run_signing_secret("fetch").await;
    // Workspace deliveries are authenticated by their signature only, so the receiver reads its secret.
    let signed = json!({ "url": world.subscription_url(), "sign": true, "body": {} });
    until("the receiver knows the secret", || async {
        (world.deliver(signed.clone()).await == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn deliveries_unsigned_during_propagation_are_rejected_and_retried_signed() {
    let world = World::start().await;
    world.remove_signing_secrets().await;
    world.admin(Method::PUT, "/knobs", json!({ "secret_cache_seconds": 60 }));
    // The provider's signer has just read its secrets, and found none.
    world.warm_signing_cache().await;
    world.run_signing_secret("fetch").await;

    let id = world.submit_export(2).await;
    let url = world.callback_url(&id);
    assert_eq!(world.wait_for_attempts(&url, 1).await, [401]);
    world.advance_to_next_delivery(); // 10 s later: still unsigned
    assert_eq!(world.wait_for_attempts(&url, 2).await, [401, 401]);
    world.advance_to_next_delivery(); // a minute later: signed
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.wait_for_attempts(&url, 3).await, [401, 401, 200]);
    assert_eq!(world.recorded_deliveries(&id).await.len(), 1);
}

#[tokio::test]
async fn a_repeated_fetch_writes_nothing() {
    let world = World::start().await;
    world.remove_signing_secrets().await;
    let first = world.run_signing_secret("fetch").await;
    let writes = || world.cloud.requests().count(Service::SecretsManager, "PutSecretValue");
    let before = writes();
    assert_eq!(world.run_signing_secret("fetch").await, first);
    assert_eq!(writes(), before);
}

#[tokio::test]
async fn status_creates_no_secret() {
    let world = World::start().await;
    world.remove_signing_secrets().await;
    let status = world.run_signing_secret("status").await;
    assert_eq!((&status["in_sync"], &status["at_provider"]), (&json!(false), &Value::Null), "{status:#}");
    assert_eq!(world.provider_request_count("GET", "/signing-secret"), 0);

    world.run_signing_secret("fetch").await;
    let status = world.run_signing_secret("status").await;
    assert_eq!((&status["in_sync"], &status["stored_total"]), (&json!(true), &json!(1)), "{status:#}");
}
