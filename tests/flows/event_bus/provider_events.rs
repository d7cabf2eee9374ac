//! Provider events that belong to no job.

use harness::{
    cloud::{Outage, Service},
    until,
};
use serde_json::{Value, json};

use super::start_with_bus;
use crate::world::World;

/// The provider's id of the delivery.
const DELIVERY: &str = "5d6f7a8b9c0d4e1fa2b3c4d5e6f708195d6f7a8b9c0d4e1fa2b3c4d5e6f70819";

impl World {
    /// Delivers a NEW_BANNER event to the workspace subscription. Returns its body.
    async fn deliver_banner_event(&self) -> Value {
        let body = json!({ "event_type": "NEW_BANNER", "id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
                           "file": { "url": "https://production-banners.example.com/b.png" } });
        let delivery =
            json!({ "url": self.subscription_url(), "sign": true, "delivery_id": DELIVERY, "body": body });
        assert_eq!(self.deliver(delivery).await, 200);
        body
    }

    async fn assert_published(&self, body: &Value) {
        let event = until("the event is published", || async { self.published().into_iter().next() }).await;
        assert_eq!(event["detail-type"], "Provider Event");
        let detail = &event["detail"];
        assert_eq!(
            (&detail["id"], &detail["provider"], &detail["name"], &detail["body"]),
            (&json!(DELIVERY), &json!("abyssale"), &json!("NEW_BANNER"), body)
        );
    }
}

#[tokio::test]
async fn a_provider_event_without_a_job_is_published() {
    let world = start_with_bus(|options| options).await;
    let body = world.deliver_banner_event().await;
    world.assert_published(&body).await;
    world.wait_for_empty_queue().await;
    assert_eq!(world.published().len(), 1);
}

#[tokio::test]
async fn a_provider_event_stays_in_the_queue_during_an_event_bus_outage() {
    let world = start_with_bus(|options| options).await;
    world.cloud.faults().set(Service::EventBridge, Outage::Refuse503);
    let body = world.deliver_banner_event().await;
    until("the event bus is called", || async {
        (world.cloud.requests().count(Service::EventBridge, "PutEvents") > 0).then_some(())
    })
    .await;
    world.cloud.faults().set(Service::EventBridge, Outage::None);
    world.assert_published(&body).await;
    world.wait_for_empty_queue().await;
}
