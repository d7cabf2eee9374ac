//! Workflows, durable functions and the event bus are independent targets: an outage of one delays none of the
//! others.

use std::collections::HashSet;

use harness::{
    StackOptions,
    cloud::{Outage, Service},
    until,
};
use serde_json::json;

use super::{CALLBACK, TOKEN};
use crate::{worker_crashes::with_worker_processes, world::World};

async fn start_with_bus(change: impl FnOnce(StackOptions) -> StackOptions) -> World {
    World::start_with(|options| change(options.variable("EVENT_BUS_NAME", "landfall"))).await
}

/// The number of different "Job Stored" events on the bus. An event may be published twice under one id.
fn stored_events(world: &World) -> usize {
    let events = world.cloud.events().into_iter().filter(|event| event.detail_type == "Job Stored");
    events.map(|event| event.detail["id"].to_string()).collect::<HashSet<String>>().len()
}

impl World {
    /// Waits until the event bus is up to date for a job, and one workflow still waits.
    async fn wait_until_one_waiter_left(&self, id: &str) {
        until("the other targets are marked as notified", || async {
            let item = self.job_item(id).await;
            let events = item.get("outbox")?.as_l().ok()?;
            let waiters = item.get("notify_targets")?.as_m().ok()?.get("waiters")?.as_l().ok()?;
            (events.is_empty() && waiters.len() == 1).then_some(())
        })
        .await;
    }

    /// The number of calls to the event bus and to durable functions.
    fn other_target_calls(&self) -> u64 {
        let requests = self.cloud.requests();
        requests.of_service(Service::EventBridge) + requests.of_service(Service::Lambda)
    }
}

#[tokio::test]
async fn an_event_bus_outage_does_not_delay_or_repeat_task_results() {
    for outage in [Outage::Refuse503, Outage::Stall] {
        let world = start_with_bus(|options| options).await;
        world.cloud.faults().set(Service::EventBridge, outage);
        let job = world
            .invoke(world.waiting_export_request(1, json!({ "task_token": TOKEN })))
            .await
            .expect("a job");
        world.wait_for_task_success(TOKEN).await;
        let id = job["job_id"].as_str().expect("an id");
        until("the waiter is removed", || async {
            (!world.job_item(id).await.contains_key("notify_targets")).then_some(())
        })
        .await;
        let calls = world.cloud.requests().of_service(Service::StepFunctions);
        world.sweep(60).await;
        assert_eq!(world.cloud.requests().of_service(Service::StepFunctions), calls);

        world.cloud.faults().clear();
        world.sweep(3600).await;
        assert_eq!(stored_events(&world), 1);
        world.wait_until_no_waiters(id).await;
    }
}

#[tokio::test]
async fn a_step_functions_outage_does_not_delay_the_event_bus_or_durable_functions() {
    for outage in [Outage::Refuse503, Outage::Stall] {
        let world = start_with_bus(|options| options).await;
        world.cloud.faults().set(Service::StepFunctions, outage);
        let notify = json!({ "task_token": TOKEN, "callback_id": CALLBACK });
        let job = world.invoke(world.waiting_export_request(1, notify)).await.expect("a job");
        let id = job["job_id"].as_str().expect("an id");
        world.wait_for_status(id, "stored").await;
        world.wait_until_one_waiter_left(id).await;
        assert_eq!((stored_events(&world), world.callback_results(CALLBACK).len()), (1, 1));
        let called = world.other_target_calls();
        world.sweep(60).await;
        assert_eq!(world.other_target_calls(), called, "no result is sent again");

        world.cloud.faults().clear();
        world.sweep(3600).await;
        world.wait_for_task_success(TOKEN).await;
        world.wait_until_no_waiters(id).await;
    }
}

#[tokio::test]
async fn without_an_event_bus_task_results_are_sent_after_an_outage() {
    let world = World::start().await;
    world.cloud.faults().set(Service::StepFunctions, Outage::DropConnections);
    let job =
        world.invoke(world.waiting_export_request(1, json!({ "task_token": TOKEN }))).await.expect("a job");
    let id = job["job_id"].as_str().expect("an id");
    world.wait_for_status(id, "stored").await;
    world.sweep(60).await;
    assert_eq!(world.task_results(TOKEN), []);
    world.cloud.faults().clear();
    world.sweep(3600).await;
    world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(id).await;
}

#[tokio::test]
async fn a_task_result_whose_response_was_lost_is_sent_again_unchanged() {
    let world = World::start().await;
    world.cloud.faults().next(Service::StepFunctions, "SendTaskSuccess", Outage::LoseAnswers, 1);
    let job =
        world.invoke(world.waiting_export_request(1, json!({ "task_token": TOKEN }))).await.expect("a job");
    world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(job["job_id"].as_str().expect("an id")).await;
    assert!(world.cloud.requests().count(Service::StepFunctions, "SendTaskSuccess") > 1);
}

#[tokio::test]
async fn a_crash_between_the_final_status_and_the_task_result_loses_nothing() {
    let world = World::start_with(with_worker_processes).await;
    let (id, url) = world.submit_waiting_export_without_callback(json!({ "task_token": TOKEN })).await;
    world.cloud.faults().set(Service::StepFunctions, Outage::Stall);
    world.redeliver(&url, 1);
    until("the worker sends the final status", || async {
        (world.cloud.requests().count(Service::StepFunctions, "SendTaskSuccess") > 0).then_some(())
    })
    .await;
    world.kill_worker();
    assert_eq!(world.job(&id).await["status"], "stored");
    assert_eq!(world.task_results(TOKEN), []);

    world.cloud.faults().clear();
    world.sweep(60).await;
    world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(&id).await;
}

#[tokio::test]
async fn a_waiter_that_could_not_be_added_gets_an_error() {
    let world = World::start().await;
    let mut event = world.waiting_export_request(1, json!({ "task_token": TOKEN }));
    event["idempotency_key"] = json!("execution 7");
    let job = world.invoke(event.clone()).await.expect("a job");
    let id = job["job_id"].as_str().expect("an id");
    world.wait_for_status(id, "stored").await;
    world.wait_until_no_waiters(id).await;
    // The claim is a transaction, so the next single write is the one that adds the new token.
    world.cloud.faults().next(Service::DynamoDb, "PutItem", Outage::Refuse503, 3);
    event["notify"] = json!({ "task_token": "later" });
    let failure = world.invoke(event.clone()).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Retryable.StorageUnavailable");
    world.invoke(event).await.expect("a job");
    world.wait_for_task_success("later").await;
    assert_eq!(world.accepted_exports(), 1);
}
