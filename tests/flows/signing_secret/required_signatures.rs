//! A receiver that rejects unsigned deliveries even before a signing secret exists.

use http::Method;
use serde_json::json;

use crate::world::World;

async fn world_requiring_signatures() -> World {
    let world = World::start_with(|options| options.variable("REQUIRE_SIGNATURES", "true")).await;
    world.remove_signing_secrets().await;
    world
}

#[tokio::test]
async fn without_a_secret_deliveries_are_rejected_until_a_fetch() {
    let world = world_requiring_signatures().await;
    world.admin(Method::PUT, "/knobs", json!({ "retry_delays_seconds": [1], "delivery_attempts": 60 }));
    let id = world.submit_export(1).await;
    let url = world.callback_url(&id);
    // The operator has to fix this, so it is no 401. The provider retries either way.
    assert_eq!(world.wait_for_attempts(&url, 1).await[0], 500);
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.run_signing_secret("fetch").await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.signature_counts(), [1]);
}

#[tokio::test]
async fn unauthenticated_requests_do_not_reveal_a_missing_secret() {
    let world = world_requiring_signatures().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (job, _) = url.rsplit_once('/').expect("a token");
    assert_eq!(world.deliver(json!({ "url": format!("{job}/AAAA"), "body": {} })).await, 401);
    assert_eq!(world.deliver(json!({ "url": world.subscription_url(), "body": {} })).await, 401);
}

#[tokio::test]
async fn with_a_secret_an_unsigned_delivery_is_rejected() {
    let world = world_requiring_signatures().await;
    world.run_signing_secret("fetch").await;
    let (_, url) = world.submit_export_without_callback(1).await;
    assert_eq!(world.deliver(json!({ "url": url, "body": {} })).await, 401);
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": {} })).await, 200);
}
