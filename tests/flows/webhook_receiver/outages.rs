//! Outages of the receiver's dependencies: it answers 503, and the provider's next attempt is accepted.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use harness::{
    cloud::{Outage, Service},
    until,
};
use http::Method;
use serde_json::json;

use crate::world::World;

/// Checks that an attempt during an outage is answered 503, and the next one is accepted.
async fn assert_second_attempt_accepted(world: &World, service: Service, outage: Outage) {
    let (id, url) = world.submit_export_without_callback(1).await;
    world.cloud.faults().set(service, outage);
    world.redeliver(&url, 1);
    assert_eq!(world.wait_for_attempts(&url, 1).await, [503]);
    world.cloud.faults().set(service, Outage::None);
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.redeliver(&url, 1);
    assert_eq!(world.wait_for_attempts(&url, 2).await, [503, 200]);
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn a_delivery_that_the_queue_refused_is_retried_by_the_provider() {
    let world = World::start().await;
    world.cloud.faults().sqs(Outage::Refuse503);
    let id = world.submit_export(1).await;
    let url = world.callback_url(&id);
    assert_eq!(world.wait_for_attempts(&url, 1).await, [503]);
    world.cloud.faults().sqs(Outage::None);
    world.advance_to_next_delivery();
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.wait_for_attempts(&url, 2).await, [503, 200]);
}

#[tokio::test]
async fn a_delivery_is_answered_503_when_the_queue_does_not_answer() {
    let world = World::start().await;
    assert_second_attempt_accepted(&world, Service::Sqs, Outage::DropConnections).await;
}

#[tokio::test]
async fn deliveries_are_answered_503_while_the_secret_is_unreadable() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    world.cloud.faults().set(Service::SecretsManager, Outage::Refuse503);
    world.redeliver(&url, 1);
    assert_eq!(world.wait_for_attempts(&url, 1).await, [503]);
    world.cloud.faults().set(Service::SecretsManager, Outage::None);
    let attempts = AtomicUsize::new(1);
    // The failure is cached for a short time.
    until("a delivery is accepted", || async {
        world.redeliver(&url, 1);
        let responses = world.wait_for_attempts(&url, 1 + attempts.fetch_add(1, Ordering::Relaxed)).await;
        (responses.last() == Some(&200)).then_some(())
    })
    .await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn secrets_manager_failures_are_cached_under_load() {
    let world = World::start().await;
    let url = format!("{}/webhooks/abyssale/0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a/x", world.webhook.url);
    world.cloud.faults().set(Service::SecretsManager, Outage::Refuse503);
    let before = world.cloud.requests().count(Service::SecretsManager, "GetSecretValue");
    let began = Instant::now();
    for _ in 0..100 {
        let response = world.http.json(Method::POST, &url, &[], &json!({})).await.expect("a response");
        assert_eq!(response.status(), 503);
    }
    let calls = world.cloud.requests().count(Service::SecretsManager, "GetSecretValue") - before;
    // A read is at most three attempts, and a failed one is cached for a second.
    assert!((1..=3 * (1 + began.elapsed().as_secs())).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn a_large_delivery_that_the_bucket_refused_is_retried() {
    let world = World::start().await;
    let long = json!({ "on": "delivery", "kind": "oversized_body", "bytes": 300_000, "count": null });
    world.inject_fault(long);
    assert_second_attempt_accepted(&world, Service::S3, Outage::Refuse503).await;
}
