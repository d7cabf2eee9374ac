//! A job can be cancelled in every active status, and nothing revives it.

use harness::until;
use serde_json::{Value, json};

use crate::{
    archive_builder::archive_of,
    rate_limit::rate_limited_world,
    world::{World, assert_problem},
};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_waiting_job_that_is_cancelled_is_never_submitted() {
    let mut world =
        rate_limited_world(0.25, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0")).await;
    let id = world.submit_waiting_job(&[]).await;
    world.cancel_job(&id).await;
    world.stack.resume_submissions();
    until("the queue is empty", || async { (world.queued_submissions().await == 0).then_some(()) }).await;
    assert_eq!((world.job(&id).await["status"].as_str(), world.accepted_exports()), (Some("cancelled"), 1));
}

#[tokio::test]
async fn a_submission_in_progress_does_not_revive_a_cancelled_job() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "late", "seconds": 1 }));
    let request = world.export_request(1);
    let submitting = async {
        let response = world.post(&request, &[]).await;
        assert_eq!((response.status().as_u16(), &response.body()["status"]), (202, &json!("cancelled")));
        assert!(response.body()["provider_job_id"].is_string(), "the provider job id is kept");
    };
    let cancelling = async {
        let id = until("the job is in the table", || async {
            Some(world.job_items().await.first()?.get("pk")?.as_s().ok()?.clone())
        })
        .await;
        world.cancel_job(&id).await;
        id
    };
    let ((), id) = tokio::join!(submitting, cancelling);
    let url = world.callback_url(&id);
    world.wait_for_attempts(&url, 1).await;
    world.wait_for_empty_queue().await;
    assert_eq!(
        (world.job(&id).await["status"].as_str(), world.object_keys().await),
        (Some("cancelled"), vec![])
    );
}

#[tokio::test]
async fn a_late_callback_of_a_cancelled_job_is_recorded_and_lands_nothing() {
    let world = World::start_with(|options| options.variable("EVENT_BUS_NAME", "landfall")).await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let job = world.cancel_job(&id).await;
    assert_eq!((&job["error"], job["provider_job_id"].is_string()), (&Value::Null, true));

    world.redeliver(&url, 1);
    until("the callback is acknowledged", || async {
        let sent = world.deliveries().into_iter().filter(|sent| sent["url"] == url.as_str());
        sent.flat_map(|sent| sent["attempts"].as_array().cloned().unwrap_or_default())
            .any(|attempt| attempt["status"] == 200)
            .then_some(())
    })
    .await;
    world.wait_for_empty_queue().await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], job["deliveries"].as_array().map(Vec::len)), (&json!("cancelled"), Some(1)));
    assert_eq!(world.object_keys().await, Vec::<String>::new());
    let event_types: Vec<String> = world.cloud.events().into_iter().map(|event| event.detail_type).collect();
    assert_eq!(event_types, ["Job Submitted", "Job Cancelled"]);
    let response = world.post_operation(&id, "replay", Value::Null).await;
    assert_problem(&response, 409, "job-conflict");
    assert_eq!(
        world.post_operation(&id, "cancel", json!({})).await.status(),
        200,
        "cancelling is idempotent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_a_landing_and_leaves_no_upload_open() {
    let world = World::start().await;
    world.set_next_archive(archive_of(3, 33 * MIB));
    let slow =
        json!({ "on": "archive", "kind": "slow", "count": null, "chunk": 40_000, "pause_seconds": 0.02 });
    world.inject_fault(slow);
    let id = world.submit_export(3).await;
    until("the archive is being uploaded", || async {
        (world.job(&id).await["status"] == "landing" && !world.open_uploads().await.is_empty()).then_some(())
    })
    .await;
    world.cancel_job(&id).await;
    until("no upload is open", || async { world.open_uploads().await.is_empty().then_some(()) }).await;
    world.wait_for_empty_queue().await;
    assert_eq!(world.job(&id).await["status"], "cancelled");
    assert_eq!(world.object_keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_finished_job_cannot_be_cancelled() {
    let world = World::start().await;
    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    let response = world.post_operation(&id, "cancel", Value::Null).await;
    assert_eq!(assert_problem(&response, 409, "job-conflict")["job_id"], json!(id));
    let response = world.post_operation(&id, "cancel", json!({ "why": "no" })).await;
    assert_problem(&response, 400, "invalid-request");
    assert_problem(
        &world.post_operation("0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a", "cancel", Value::Null).await,
        404,
        "not-found",
    );
    assert_eq!(world.job(&id).await["status"], "stored");
}

#[tokio::test]
async fn cancelling_a_video_allows_the_next_export_of_the_project() {
    let world = World::start().await;
    let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
    let request = json!({ "provider": "ai_studios", "kind": "export", "project_id": project });
    let first = world.submit_request(&request).await;
    assert_problem(&world.post(&request, &[]).await, 409, "provider-conflict");
    world.cancel_job(&first).await;
    let second = world.submit_request(&request).await;
    assert_ne!(first, second);
}
