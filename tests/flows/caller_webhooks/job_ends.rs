//! A caller gets a webhook for every end of its job, despite crashes and outages.

use std::collections::HashSet;

use harness::{
    DELIVERY_QUEUE,
    cloud::{Outage, Service},
    until,
};
use serde_json::{Value, json};

use super::{
    caller_server::{Caller, ReceivedWebhook},
    start_with_caller,
};
use crate::{
    worker_crashes::with_worker_processes,
    world::{World, assert_problem},
};

#[tokio::test]
async fn a_caller_gets_one_verifiable_webhook_when_its_job_is_stored() {
    let (world, caller) = start_with_caller(|options| options).await;
    let id = world.submit_with_webhook(&caller.url()).await;
    let job = world.wait_for_status(&id, "stored").await;
    let webhooks = caller.wait_for_webhooks(1).await;
    let secret = &world.secret().await["notify_signing_secrets"][0];
    assert!(webhooks[0].is_signed_with(secret));
    assert_eq!(webhooks[0].path, "/hooks/landfall?key=caller-key");
    assert_eq!(webhooks[0].header("content-type"), "application/json");
    let body = webhooks[0].body();
    assert_eq!(body["type"], "job.stored");
    assert_eq!(body["timestamp"], body["data"]["updated_at"]);
    assert_eq!(webhooks[0].header("webhook-id"), body["data"]["id"].as_str().expect("an id"));
    for name in ["job_id", "provider", "kind", "status", "provider_job_id", "metadata", "files_total"] {
        assert_eq!(body["data"][name], job[name], "{name}");
    }
    assert_eq!(body["data"]["manifest"]["key"], job["manifest"]["key"]);
    world.wait_until_webhooks_sent().await;
    assert_eq!(caller.received_webhooks().len(), 1);
    // No outbox event and no sweep is left.
    let item = world.job_item(&id).await;
    assert!(["outbox", "due_at"].iter().all(|name| !item.contains_key(*name)), "{item:?}");
}

#[tokio::test]
async fn a_job_with_missing_files_sends_a_partial_webhook() {
    let (world, caller) = start_with_caller(|options| options).await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let id = world.submit_with_webhook(&caller.url()).await;
    let job = world.wait_for_status(&id, "partial").await;
    let body = caller.wait_for_webhooks(1).await[0].body();
    assert_eq!((&body["type"], &body["data"]["error"]), (&json!("job.partial"), &job["error"]));
}

#[tokio::test]
async fn a_rejected_job_sends_a_failed_webhook() {
    let (world, caller) = start_with_caller(|options| options).await;
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 422, "body": { "id": "invalid" } }));
    let response = world.post_with_webhook(&caller.url()).await;
    let id = &assert_problem(&response, 422, "provider-refused-request")["job_id"];
    let body = caller.wait_for_webhooks(1).await[0].body();
    assert_eq!((&body["type"], &body["data"]["job_id"]), (&json!("job.failed"), id));
}

#[tokio::test]
async fn a_job_that_expires_and_lands_late_sends_both_webhooks() {
    let (world, caller) = start_with_caller(|options| {
        options.variable("CALLBACK_TIMEOUT_SECONDS", "1").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let id = world.submit_with_webhook(&caller.url()).await;
    until("the job expires", || async {
        world.sweep(3600).await;
        (world.job(&id).await["status"] == "expired").then_some(())
    })
    .await;
    caller.wait_for_webhooks(1).await;
    world.redeliver(&world.callback_url(&id), 1);
    world.wait_for_status(&id, "stored").await;
    let webhooks = caller.wait_for_webhooks(2).await;
    let types: Vec<Value> = webhooks.iter().map(|webhooks| webhooks.body()["type"].clone()).collect();
    assert_eq!(types, ["job.expired", "job.stored"]);
    assert!(
        webhooks[0].body()["data"]["sequence"].as_u64() < webhooks[1].body()["data"]["sequence"].as_u64()
    );
}

/// Submits a job and lets it end during an outage of SQS, so that its webhook is not queued. Returns the job's id.
pub(super) async fn end_job_during_sqs_outage(world: &mut World, caller: &Caller, outage: Outage) -> String {
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let id = world.submit_with_webhook(&caller.url()).await;
    // The receiver needs the queue, so the delivery is queued before the outage.
    world.stack.pause_worker();
    let url = world.callback_url(&id);
    world.redeliver(&url, 1);
    until("the delivery is queued", || async {
        (world.cloud.queue_depth(DELIVERY_QUEUE)?.visible == 1).then_some(())
    })
    .await;
    world.cloud.faults().set(Service::Sqs, outage);
    world.stack.resume_worker();
    world.wait_for_status(&id, "stored").await;
    id
}

#[tokio::test]
async fn a_crash_between_the_final_status_and_the_queue_loses_no_webhook() {
    let (mut world, caller) = start_with_caller(with_worker_processes).await;
    let sent = |world: &World| world.cloud.requests().count(Service::Sqs, "SendMessage");
    let before = sent(&world);
    end_job_during_sqs_outage(&mut world, &caller, Outage::Stall).await;
    // The receiver has sent one message.
    until("the worker queues the webhook", || async { (sent(&world) > before + 1).then_some(()) }).await;
    world.kill_worker();
    world.cloud.faults().clear();
    assert_eq!(caller.received_webhooks().len(), 0);
    world.sweep(3600).await;
    assert_eq!(caller.wait_for_webhooks(1).await[0].body()["type"], "job.stored");
}

#[tokio::test]
async fn concurrent_sweeps_notify_a_caller_under_one_id() {
    let (mut world, caller) = start_with_caller(|options| options).await;
    let id = end_job_during_sqs_outage(&mut world, &caller, Outage::Refuse503).await;
    world.cloud.faults().clear();
    tokio::join!(world.sweep(3600), world.sweep(3600), world.sweep(3600));
    caller.wait_for_webhooks(1).await;
    world.wait_until_webhooks_sent().await;
    assert!(caller.received_webhooks().iter().all(|webhooks| webhooks.header("webhook-id").starts_with(&id)));
    assert_same_message(&caller.received_webhooks());
    assert_eq!(world.sweep(3600).await["checked"], 0);
}

#[tokio::test]
async fn a_lost_queue_response_sends_the_same_webhook_twice() {
    let (mut world, caller) = start_with_caller(|options| options).await;
    end_job_during_sqs_outage(&mut world, &caller, Outage::Refuse503).await;
    world.cloud.faults().clear();
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::LoseAnswers, 1);
    world.sweep(3600).await;
    assert_same_message(&caller.wait_for_webhooks(2).await);
}

/// Checks that all webhooks are one message with one id, so that a caller can deduplicate by id.
fn assert_same_message(webhooks: &[ReceivedWebhook]) {
    let ids: HashSet<&str> = webhooks.iter().map(|webhooks| webhooks.header("webhook-id")).collect();
    let bodies: HashSet<&[u8]> = webhooks.iter().map(|webhooks| &webhooks.bytes[..]).collect();
    assert_eq!((ids.len(), bodies.len()), (1, 1), "{ids:?}");
}
