//! Heartbeats, by which a state distinguishes a long job from a lost one.

use harness::{
    cloud::{CallbackReport, Service, TaskReport},
    until,
};
use serde_json::json;

use super::{CALLBACK, TOKEN};
use crate::world::World;

impl World {
    /// The number of heartbeats of tasks and of durable functions.
    fn heartbeat_counts(&self) -> (usize, usize) {
        let tasks = self.cloud.task_reports().into_iter();
        let callbacks = self.cloud.callback_reports().into_iter();
        (
            tasks.filter(|report| matches!(report, TaskReport::Heartbeat { .. })).count(),
            callbacks.filter(|report| matches!(report, CallbackReport::Heartbeat { .. })).count(),
        )
    }
}

#[tokio::test]
async fn each_sweep_sends_a_heartbeat_while_the_provider_works() {
    let world = World::start().await;
    let notify = json!({ "task_token": TOKEN, "callback_id": CALLBACK });
    let (id, url) = world.submit_waiting_export_without_callback(notify).await;
    assert_eq!(world.heartbeat_counts(), (0, 0));
    for given in 1..=2 {
        world.sweep(61).await;
        assert_eq!(world.heartbeat_counts(), (given, given));
    }
    // The next heartbeat is due in the schedule's next sweep, not in this minute.
    world.sweep(10).await;
    assert_eq!(world.heartbeat_counts(), (2, 2));
    world.redeliver(&url, 1);
    world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(&id).await;
    world.sweep(3600).await;
    assert_eq!(world.heartbeat_counts(), (2, 2), "the result was sent");
}

#[tokio::test]
async fn a_long_landing_sends_heartbeats() {
    let world = World::start_with(|options| options.variable("HEARTBEAT_SECONDS", "1")).await;
    world.inject_fault(json!({ "on": "archive", "kind": "slow", "chunk": 512, "pause_seconds": 0.4 }));
    world.invoke(world.waiting_export_request(2, json!({ "task_token": TOKEN }))).await.expect("a job");
    until("two heartbeats were sent", || async { (world.heartbeat_counts().0 >= 2).then_some(()) }).await;
    assert_eq!(world.task_results(TOKEN), [], "the landing is not finished");
}

#[tokio::test]
async fn a_state_that_ended_gets_one_heartbeat_and_no_more() {
    let world = World::start().await;
    let (id, _) = world.submit_waiting_export_without_callback(json!({ "task_token": TOKEN })).await;
    world.cloud.end_task(TOKEN);
    world.sweep(61).await;
    let heartbeat_calls = || world.cloud.requests().count(Service::StepFunctions, "SendTaskHeartbeat");
    assert_eq!(heartbeat_calls(), 1);
    assert!(!world.job_item(&id).await.contains_key("notify_targets"));
    world.sweep(61).await;
    assert_eq!(heartbeat_calls(), 1);
}
