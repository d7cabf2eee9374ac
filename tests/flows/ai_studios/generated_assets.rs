//! Generated assets: the provider makes them within one request, which the queue sends while the caller waits.

use http::Method;
use serde_json::{Value, json};

use super::{scenarios::call_admin_api, video_request, world};
use crate::world::{World, assert_problem};

/// Starts a world with the simulator, and these settings of its generated assets.
async fn start(tools: Value) -> World {
    let world = World::start_with(|options| {
        // Shorter than the answers that some tests wait for.
        let options = options.variable("PROVIDER_TIMEOUT_SECONDS", "1");
        options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0").variable("CALLBACK_TIMEOUT_SECONDS", "0")
    })
    .await;
    call_admin_api(&world, Method::PUT, "/knobs", json!({ "tools": tools }));
    world
}

fn image_request() -> Value {
    json!({ "provider": "ai_studios", "kind": "image_generation", "topic": "Tea" })
}

/// How many images were requested, and how many the provider made.
fn image_counts(world: &World) -> (usize, Value) {
    let path = "/requests?endpoint=api&method=POST&path=/api/odin/v3/tools/image-generator";
    let sent = call_admin_api(world, Method::GET, path, Value::Null).as_array().map_or(0, Vec::len);
    let made = call_admin_api(world, Method::GET, "/creations", Value::Null)["accepted_posts"].clone();
    (sent, made)
}

fn fail_images(world: &World, fault: Value) {
    let mut fault = fault;
    fault["on"] = json!("call");
    fault["route"] = json!("POST /api/odin/v3/tools/image-generator");
    call_admin_api(world, Method::POST, "/faults", fault);
}

#[tokio::test]
async fn a_generated_image_is_in_the_bucket_when_the_response_is_sent() {
    let world = start(json!({})).await;
    let response = world.post(&image_request(), &[]).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (200, &json!("stored")), "{job:#}");
    let manifest = world.read_manifest(job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 1, "landed": 1, "missing": 0 }));
    assert_eq!(manifest["files"][0]["content_type"], "image/png");
    assert_eq!(job["provider_job_id"], manifest["files"][0]["name"], "the provider names no other id");
    world.assert_files_match_manifest(&manifest).await;
    assert_eq!(image_counts(&world), (1, json!(1)));
}

#[tokio::test]
async fn a_response_that_takes_longer_than_that_of_other_work_is_awaited() {
    let world = start(json!({ "response_seconds": 2.5 })).await;
    let response = world.post(&image_request(), &[]).await;
    assert_eq!(response.body()["status"], "stored", "{:#}", response.body());
    assert_eq!(image_counts(&world), (1, json!(1)));
}

#[tokio::test]
async fn a_rejected_image_is_an_error_for_its_caller() {
    let world = start(json!({})).await;
    for (status, message, returned, problem, class) in [
        (402, "no credit left", 429, "provider-quota", "ProviderQuota"),
        (403, "no permission", 403, "provider-plan", "ProviderPlan"),
        (400, "topic is invalid", 422, "provider-refused-request", "ProviderRefusedRequest"),
    ] {
        fail_images(&world, json!({ "kind": "error", "status": status, "message": message }));
        let response = world.post(&image_request(), &[]).await;
        let body = assert_problem(&response, returned, problem);
        let job = world.job(body["job_id"].as_str().expect("an id")).await;
        assert_eq!((&job["status"], &job["error"]["type"]), (&json!("failed"), &json!(class)), "{job:#}");
    }
    assert_eq!(image_counts(&world), (3, json!(0)));
}

#[tokio::test]
async fn a_throttled_image_is_requested_again_after_the_wait() {
    let world = start(json!({})).await;
    fail_images(&world, json!({ "kind": "error", "status": 429, "retry_after": 1, "message": "slow down" }));
    let response = world.post(&image_request(), &[]).await;
    let id = response.body()["job_id"].as_str().expect("an id").to_owned();
    world.wait_for_status(&id, "stored").await;
    assert_eq!(image_counts(&world), (2, json!(1)));
}

#[tokio::test]
async fn an_image_whose_response_is_lost_is_unknown_then_expired_and_not_requested_again() {
    let world = start(json!({})).await;
    fail_images(&world, json!({ "kind": "error", "status": 500, "message": "no", "after_work": true }));
    let response = world.post(&image_request(), &[("idempotency-key", "lost")]).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("unknown")), "{job:#}");
    let message = job["error"]["message"].as_str().expect("a text");
    assert!(message.contains("no call that finds it"), "{message}");
    let again = world.post(&image_request(), &[("idempotency-key", "lost")]).await;
    assert_eq!(again.body()["job_id"], job["job_id"]);

    world.sweep(3600).await;
    world.wait_for_status(job["job_id"].as_str().expect("an id"), "expired").await;
    assert_eq!(image_counts(&world).0, 1);
}

#[tokio::test]
async fn an_image_that_is_gone_before_it_lands_fails_and_is_not_made_again() {
    let world = start(json!({ "asset_lifetime_seconds": 0 })).await;
    let response = world.post(&image_request(), &[]).await;
    let job = response.body();
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("failed"), &json!("FilesMissing")),
        "{job:#}"
    );
    assert_eq!(image_counts(&world), (1, json!(1)));
}

#[tokio::test]
async fn a_callback_with_the_body_of_an_asset_lands_nothing() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    studio.set_progress(json!({ "progress": 10 }));
    let url = format!("{}/export/forged.mp4", studio.files);
    let body = json!({ "success": true, "data": { "downloadUrl": url } });
    assert_eq!(world.send_callback(&studio, &body).await, 200);
    world.wait_for_empty_queue().await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["files"]), (&json!("rendering"), &json!([])), "{job:#}");
    assert_eq!(studio.request_count(&["file"]), 0);
}
