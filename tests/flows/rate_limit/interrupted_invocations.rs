//! Invocations that end while they wait for a reservation: the provider was not called, or did no work, so the job is
//! still submitted once.

use harness::cloud::{FunctionError, Outage, Service};
use harness::until;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::rate_limited_world;
use crate::world::World;

impl World {
    /// Invokes `submit` with an export and does not wait for the response. Aborting the task ends the invocation.
    fn spawn_submission(&self) -> JoinHandle<Result<Value, FunctionError>> {
        let mut event = self.export_request(1);
        event["command"] = json!("submit");
        tokio::spawn((self.submit_function)(event))
    }

    /// Waits until a job has the status `waiting`. Returns its id.
    async fn wait_for_waiting_job(&self) -> String {
        until("a job waits", || async {
            let jobs = self.job_items().await;
            let waits = jobs.iter().find(|job| job["status"].as_s().is_ok_and(|status| status == "waiting"));
            waits.map(|job| job["pk"].as_s().expect("an id").clone())
        })
        .await
    }
}

#[tokio::test]
async fn a_job_whose_invocation_ends_while_waiting_after_a_429_is_submitted_once() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 20 }));
    let invocation = world.spawn_submission();
    let id = world.wait_for_waiting_job().await;
    let job = world.job(&id).await;
    assert_eq!(
        (&job["error"]["type"], world.export_requests().len()),
        (&json!("ProviderThrottled"), 1),
        "{job:#}"
    );
    invocation.abort();
    assert!(invocation.await.is_err_and(|e| e.is_cancelled()));

    world.sweep(120).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (2, 1));
}

#[tokio::test]
async fn a_job_whose_invocation_ends_before_its_reservation_is_submitted_once() {
    let world = rate_limited_world(0.2, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "15")).await;
    world.submit_export(1).await;
    let invocation = world.spawn_submission();
    let id = world.wait_for_waiting_job().await;
    invocation.abort();
    assert!(invocation.await.is_err_and(|e| e.is_cancelled()));
    assert_eq!(world.export_requests().len(), 1);

    world.sweep(120).await;
    world.wait_for_status(&id, "submitted").await;
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (2, 2));
}

#[tokio::test]
async fn a_job_that_the_queue_submits_while_its_invocation_waits_is_submitted_once() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 4 }));
    let invocation = world.spawn_submission();
    let id = world.wait_for_waiting_job().await;
    world.sweep(120).await;
    world.wait_for_status(&id, "stored").await;
    let response = invocation.await.expect("an end").expect("a job");
    assert_eq!((&response["job_id"], &response["status"]), (&json!(id), &json!("stored")));
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (2, 1));
}

#[tokio::test]
async fn a_job_cancelled_while_waiting_after_a_429_is_not_submitted_again() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 2 }));
    let invocation = world.spawn_submission();
    let id = world.wait_for_waiting_job().await;
    world.invoke(json!({ "command": "cancel", "job_id": id })).await.expect("cancelled");
    let response = invocation.await.expect("an end").expect("a job");
    assert_eq!((&response["job_id"], &response["status"]), (&json!(id), &json!("cancelled")));
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (1, 0));
}

#[tokio::test]
async fn a_lost_response_to_the_waiting_status_creates_no_second_job() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1 }));
    // The write succeeds and its responses are lost. The claim is a transaction, so this is the first write of a
    // single item.
    world.cloud.faults().next(Service::DynamoDb, "PutItem", Outage::LoseAnswers, 3);
    let job = world.spawn_submission().await.expect("an end").expect("a job");
    assert_eq!(job["status"], "waiting", "{job:#}");
    world.wait_for_status(job["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!(
        (world.export_requests().len(), world.accepted_exports(), world.job_items().await.len()),
        (2, 1, 1)
    );
}
