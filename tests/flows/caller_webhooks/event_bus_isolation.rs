//! The event bus and callers are independent targets: an outage of one neither delays nor duplicates notifications to
//! the other.

use std::collections::HashSet;

use harness::{
    cloud::{Outage, Service},
    until,
};

use super::{caller_server::Caller, job_ends::end_job_during_sqs_outage, start_with_caller};
use crate::world::World;

async fn start_with_bus_and_caller() -> (World, Caller) {
    start_with_caller(|options| options.variable("EVENT_BUS_NAME", "landfall")).await
}

/// The detail types of all published events.
fn published_event_names(world: &World) -> Vec<String> {
    world.cloud.events().into_iter().map(|event| event.detail_type).collect()
}

#[tokio::test]
async fn an_event_bus_outage_does_not_delay_or_duplicate_webhooks() {
    let (world, caller) = start_with_bus_and_caller().await;
    world.cloud.faults().set(Service::EventBridge, Outage::Refuse503);
    let id = world.submit_with_webhook(&caller.url()).await;
    world.wait_for_status(&id, "stored").await;
    let webhooks = caller.wait_for_webhooks(1).await.remove(0);
    let (_, sequence) = webhooks.header("webhook-id").split_once(':').expect("an id with a sequence");
    until("the webhook is marked as sent", || async {
        let noted = world.job_item(&id).await.get("caller_webhook_sequence")?.as_n().ok()?.clone();
        (noted == sequence).then_some(())
    })
    .await;
    for _ in 0..3 {
        world.sweep(3600).await;
    }
    world.wait_until_webhooks_sent().await;
    assert_eq!((caller.received_webhooks().len(), published_event_names(&world).len()), (1, 0));

    world.cloud.faults().clear();
    world.sweep(3600).await;
    assert_eq!(published_event_names(&world).last().map(String::as_str), Some("Job Stored"));
    world.wait_until_webhooks_sent().await;
    assert_eq!(caller.received_webhooks().len(), 1);
    assert!(!world.job_item(&id).await.contains_key("outbox"));
}

#[tokio::test]
async fn a_queue_outage_does_not_delay_or_duplicate_events() {
    let (mut world, caller) = start_with_bus_and_caller().await;
    let id = end_job_during_sqs_outage(&mut world, &caller, Outage::Refuse503).await;
    until("the events are marked as published", || async {
        world.job_item(&id).await.contains_key("event_bus_sequence").then_some(())
    })
    .await;
    for _ in 0..3 {
        world.sweep(3600).await;
    }
    let names = published_event_names(&world);
    assert_eq!(names.iter().filter(|name| *name == "Job Stored").count(), 1, "{names:?}");
    assert_eq!(caller.received_webhooks().len(), 0);

    world.cloud.faults().clear();
    world.sweep(3600).await;
    assert_eq!(caller.wait_for_webhooks(1).await[0].body()["type"], "job.stored");
    assert_eq!(published_event_names(&world).len(), names.len());
}

#[tokio::test]
async fn one_sweep_notifies_every_caller_during_an_event_bus_outage() {
    let (mut world, caller) = start_with_bus_and_caller().await;
    for _ in 0..2 {
        world.cloud.faults().set(Service::EventBridge, Outage::Refuse503);
        end_job_during_sqs_outage(&mut world, &caller, Outage::Refuse503).await;
        world.cloud.faults().set(Service::Sqs, Outage::None);
    }
    world.sweep(3600).await;
    // The worker may still be sending, so a webhook may arrive twice.
    until("both webhooks are received", || async {
        let webhooks = caller.received_webhooks();
        let ids: HashSet<&str> = webhooks.iter().map(|webhooks| webhooks.header("webhook-id")).collect();
        (ids.len() == 2).then_some(())
    })
    .await;
}
