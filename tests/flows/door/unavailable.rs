//! What the door depends on is down: it says so, and the provider's next attempt gets in.

use harness::cloud::{Outage, Service};
use serde_json::json;

use crate::world::World;

/// The first attempt meets a broken service, the second one does not.
async fn gets_in_later(world: &World, service: Service, outage: Outage) {
    let (id, url) = world.submitted_in_silence(1).await;
    world.cloud.faults().set(service, outage);
    world.redeliver(&url, 1);
    assert_eq!(world.answers(&url, 1).await, [503]);
    world.cloud.faults().set(service, Outage::None);
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.redeliver(&url, 1);
    assert_eq!(world.answers(&url, 2).await, [503, 200]);
    world.ends(&id, "stored").await;
}

#[tokio::test]
async fn a_delivery_that_the_queue_does_not_take_is_repeated_by_the_provider() {
    let world = World::start().await;
    world.cloud.faults().sqs(Outage::Refuse503);
    let id = world.submitted(1).await;
    let url = world.callback_url(&id);
    assert_eq!(world.answers(&url, 1).await, [503]);
    world.cloud.faults().sqs(Outage::None);
    world.next_delivery();
    world.ends(&id, "stored").await;
    assert_eq!(world.answers(&url, 2).await, [503, 200]);
}

#[tokio::test]
async fn a_queue_that_does_not_answer_is_a_queue_that_did_not_take_it() {
    let world = World::start().await;
    gets_in_later(&world, Service::Sqs, Outage::DropConnections).await;
}

#[tokio::test]
async fn a_door_that_cannot_read_its_secret_refuses_for_a_while() {
    let world = World::start().await;
    gets_in_later(&world, Service::SecretsManager, Outage::Refuse503).await;
}

#[tokio::test]
async fn a_long_delivery_that_the_bucket_does_not_take_is_repeated_too() {
    let world = World::start().await;
    let long = json!({ "on": "delivery", "kind": "oversized_body", "bytes": 300_000, "count": null });
    world.trouble(long);
    gets_in_later(&world, Service::S3, Outage::Refuse503).await;
}
