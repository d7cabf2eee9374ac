//! The event bus and callers are told apart: one that is down neither holds up the other nor makes it hear twice.

use std::collections::HashSet;

use harness::{
    cloud::{Outage, Service},
    until,
};

use super::{caller_server::Caller, job_ends::ended_untold, with_caller};
use crate::world::World;

async fn with_bus_and_caller() -> (World, Caller) {
    with_caller(|options| options.variable("EVENT_BUS_NAME", "landfall")).await
}

/// The names of everything on the bus.
fn published(world: &World) -> Vec<String> {
    world.cloud.events().into_iter().map(|event| event.detail_type).collect()
}

#[tokio::test]
async fn a_bus_that_is_down_lets_callers_hear_and_hear_once() {
    let (world, caller) = with_bus_and_caller().await;
    world.cloud.faults().set(Service::EventBridge, Outage::Refuse503);
    let id = world.submitted_for(&caller.url()).await;
    world.ends(&id, "stored").await;
    let told = caller.hears(1).await.remove(0);
    let (_, sequence) = told.header("webhook-id").split_once(':').expect("an id with a sequence");
    until("it is noted that the caller is told", || async {
        let noted = world.job_item(&id).await.get("told_caller")?.as_n().ok()?.clone();
        (noted == sequence).then_some(())
    })
    .await;
    for _ in 0..3 {
        world.sweep(3600).await;
    }
    world.nobody_is_left_to_tell().await;
    assert_eq!((caller.told().len(), published(&world).len()), (1, 0));

    world.cloud.faults().clear();
    world.sweep(3600).await;
    assert_eq!(published(&world).last().map(String::as_str), Some("Job Stored"));
    world.nobody_is_left_to_tell().await;
    assert_eq!(caller.told().len(), 1);
    assert!(!world.job_item(&id).await.contains_key("outbox"));
}

#[tokio::test]
async fn a_queue_that_is_down_lets_the_bus_hear_and_hear_once() {
    let (mut world, caller) = with_bus_and_caller().await;
    let id = ended_untold(&mut world, &caller, Outage::Refuse503).await;
    until("it is noted that the bus has heard", || async {
        world.job_item(&id).await.contains_key("told_bus").then_some(())
    })
    .await;
    for _ in 0..3 {
        world.sweep(3600).await;
    }
    let names = published(&world);
    assert_eq!(names.iter().filter(|name| *name == "Job Stored").count(), 1, "{names:?}");
    assert_eq!(caller.told().len(), 0);

    world.cloud.faults().clear();
    world.sweep(3600).await;
    assert_eq!(caller.hears(1).await[0].body()["type"], "job.stored");
    assert_eq!(published(&world).len(), names.len());
}

#[tokio::test]
async fn one_sweep_tells_every_caller_while_the_bus_is_down() {
    let (mut world, caller) = with_bus_and_caller().await;
    for _ in 0..2 {
        world.cloud.faults().set(Service::EventBridge, Outage::Refuse503);
        ended_untold(&mut world, &caller, Outage::Refuse503).await;
        world.cloud.faults().set(Service::Sqs, Outage::None);
    }
    world.sweep(3600).await;
    // The worker may still be at it, and then somebody hears twice.
    until("both are told", || async {
        let told = caller.told();
        let ids: HashSet<&str> = told.iter().map(|told| told.header("webhook-id")).collect();
        (ids.len() == 2).then_some(())
    })
    .await;
}
