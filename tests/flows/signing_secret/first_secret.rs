//! The first secret: from unsigned deliveries to signed ones.

use harness::{cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_fetched_secret_is_stored_and_the_next_delivery_is_verified() {
    let world = World::start().await;
    world.not_signed().await;
    let fetched = world.signing("fetch").await;
    assert_eq!((&fetched["in_sync"], &fetched["stored_total"]), (&json!(true), &json!(1)), "{fetched:#}");
    assert_eq!(fetched["stored"][0]["fingerprint"], fetched["at_provider"]["fingerprint"]);
    assert!(fetched["at_provider"]["created_at"].as_str().is_some_and(|time| time.ends_with('Z')));

    let id = world.submitted(1).await;
    world.ends(&id, "stored").await;
    assert_eq!(world.codes(), [1]);
    // The token alone does not open the receiver any more.
    let unsigned = json!({ "url": world.callback_url(&id), "body": {} });
    assert_eq!(world.deliver(unsigned).await, 401);
}

#[tokio::test]
async fn a_receiver_that_is_at_work_learns_of_the_secret_by_itself() {
    let world = World::start().await;
    world.not_signed().await;
    let before = world.submitted(1).await;
    world.ends(&before, "stored").await;
    world.signing("fetch").await;
    // Workspace deliveries have nothing but their signature, so the receiver looks for its secret.
    let signed = json!({ "url": world.hook_url(), "sign": true, "body": {} });
    until("the receiver knows the secret", || async {
        (world.deliver(signed.clone()).await == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_unsigned_while_the_secret_spreads_is_refused_and_comes_again_signed() {
    let world = World::start().await;
    world.not_signed().await;
    world.admin(Method::PUT, "/knobs", json!({ "secret_cache_seconds": 60 }));
    // The signing side has just looked, and found no secret.
    world.signing_side_looks().await;
    world.signing("fetch").await;

    let id = world.submitted(2).await;
    let url = world.callback_url(&id);
    assert_eq!(world.answers(&url, 1).await, [401]);
    world.next_delivery(); // 10 s later: still unsigned
    assert_eq!(world.answers(&url, 2).await, [401, 401]);
    world.next_delivery(); // a minute later: signed
    world.ends(&id, "stored").await;
    assert_eq!(world.answers(&url, 3).await, [401, 401, 200]);
    assert_eq!(world.recorded(&id).await.len(), 1);
}

#[tokio::test]
async fn fetching_again_writes_nothing() {
    let world = World::start().await;
    world.not_signed().await;
    let first = world.signing("fetch").await;
    let writes = || world.cloud.requests().count(Service::SecretsManager, "PutSecretValue");
    let before = writes();
    assert_eq!(world.signing("fetch").await, first);
    assert_eq!(writes(), before);
}

#[tokio::test]
async fn status_makes_no_secret() {
    let world = World::start().await;
    world.not_signed().await;
    let status = world.signing("status").await;
    assert_eq!((&status["in_sync"], &status["at_provider"]), (&json!(false), &Value::Null), "{status:#}");
    assert_eq!(world.asked_for("GET", "/signing-secret"), 0);

    world.signing("fetch").await;
    let status = world.signing("status").await;
    assert_eq!((&status["in_sync"], &status["stored_total"]), (&json!(true), &json!(1)), "{status:#}");
}
