//! Events that could not be published at once are published later.

use harness::{
    cloud::{Outage, Service},
    until,
};

use super::{STORED, start_with_bus};
use crate::{worker_crashes::with_worker_processes, world::World};

impl World {
    /// How often events were sent to the event bus, failures included.
    fn put_events_calls(&self) -> u64 {
        self.cloud.requests().count(Service::EventBridge, "PutEvents")
    }
}

async fn assert_events_after_outage(outage: Outage) {
    let world = start_with_bus(|options| options).await;
    world.cloud.faults().set(Service::EventBridge, outage);
    let id = world.submit_export(2).await;
    world.wait_for_status(&id, "stored").await;
    // A sweep during the outage postpones the job. It neither fails nor loses an event.
    assert_eq!(world.sweep(60).await["incomplete"], false);
    assert!(world.put_events_calls() > 0);
    assert_eq!(world.published().len(), 0);

    world.cloud.faults().set(Service::EventBridge, Outage::None);
    world.sweep(3600).await;
    world.assert_events(&id, &STORED).await;
    world.wait_for_empty_outbox(&id).await;
    assert_eq!(world.sweep(3600).await["checked"], 0);
}

#[tokio::test]
async fn a_sweep_publishes_all_events_after_the_event_bus_refused_them() {
    assert_events_after_outage(Outage::Refuse503).await;
}

#[tokio::test]
async fn a_sweep_publishes_all_events_after_the_event_bus_did_not_answer() {
    assert_events_after_outage(Outage::DropConnections).await;
}

#[tokio::test]
async fn a_hanging_event_bus_delays_no_job() {
    assert_events_after_outage(Outage::Stall).await;
}

#[tokio::test]
async fn an_event_bus_outage_does_not_stop_jobs_from_expiring() {
    let world = start_with_bus(|options| {
        options.variable("CALLBACK_TIMEOUT_SECONDS", "1").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    world.cloud.faults().set(Service::EventBridge, Outage::Stall);
    let (id, _) = world.submit_export_without_callback(1).await;
    until("the job expires", || async {
        world.sweep(3600).await;
        (world.job(&id).await["status"] == "expired").then_some(())
    })
    .await;
    world.cloud.faults().set(Service::EventBridge, Outage::None);
    world.sweep(3600).await;
    world.assert_events(&id, &[STORED[0], ("Job Expired", "expired")]).await;
}

#[tokio::test]
async fn an_event_whose_response_was_lost_is_published_again_under_the_same_id() {
    let world = start_with_bus(|options| options).await;
    let (id, url) = world.submit_export_without_callback(1).await;
    world.wait_for_empty_outbox(&id).await;
    world.cloud.faults().next(Service::EventBridge, "PutEvents", Outage::LoseAnswers, 1);
    world.redeliver(&url, 1);
    world.wait_for_status(&id, "stored").await;
    world.assert_events(&id, &STORED).await;
    let ids: Vec<String> = world.published().iter().map(|event| event["detail"]["id"].to_string()).collect();
    assert!(ids.len() > STORED.len(), "an event was published twice: {ids:?}");
}

#[tokio::test]
async fn a_crash_between_the_change_and_its_publication_loses_no_event() {
    let world = start_with_bus(with_worker_processes).await;
    let (id, url) = world.submit_export_without_callback(1).await;
    world.wait_for_empty_outbox(&id).await;
    world.cloud.faults().set(Service::EventBridge, Outage::Stall);
    let before = world.put_events_calls();
    world.redeliver(&url, 1);
    // The worker publishes the start of the landing during the landing, then its end, which is written by now.
    until("the worker sends the final status", || async {
        (world.put_events_calls() >= before + 2).then_some(())
    })
    .await;
    world.kill_worker();
    assert_eq!(world.job(&id).await["status"], "stored");
    assert_eq!(world.events_of(&id).len(), 1);

    world.cloud.faults().set(Service::EventBridge, Outage::None);
    world.sweep(60).await;
    world.assert_events(&id, &STORED).await;
    world.wait_for_empty_outbox(&id).await;
}
