//! Synchronous images, and dynamic images that are rendered when their URL is requested.

mod dynamic_images;

use std::time::{Duration, Instant};

use harness::cloud::{Outage, Service};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::{generation::assert_mentions, world::World};

/// How often the AWS client attempts a call.
const ATTEMPTS: u32 = 3;

impl World {
    /// A request for an image of the first static design.
    fn image_request(&self, more: Value) -> Value {
        self.design_request("image", "static", more)
    }
}

/// Checks that an image landed before the response. Returns its job.
fn assert_stored_synchronously(response: &Response<Value>) -> &Value {
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (200, &json!("stored")), "{job:#}");
    assert_eq!(response.headers()["location"], job["links"]["self"].as_str().expect("a link"));
    job
}

#[tokio::test]
async fn an_image_is_in_the_bucket_when_the_response_is_sent() {
    let world = World::start().await;
    world.admin(
        Method::POST,
        "/subscriptions",
        json!({ "hook_url": world.subscription_url(), "type": "new_banner" }),
    );
    for (more, content_type, format) in [
        (json!({}), "image/png", "square"),
        (json!({ "template_format_name": "story" }), "image/jpeg", "story"),
        (json!({ "template_format_name": "postcard", "image_file_type": "webp" }), "image/webp", "postcard"),
        (json!({ "image_file_type": "avif" }), "image/avif", "square"),
        (json!({ "image_file_type": "pdf", "file_compression_level": 9 }), "application/pdf", "square"),
    ] {
        let response = world.post(&world.image_request(more.clone()), &[]).await;
        let job = assert_stored_synchronously(&response);
        assert_eq!((job["files"].as_array().map(Vec::len), &job["error"]), (Some(1), &Value::Null), "{more}");
        let manifest = world.read_manifest(job).await;
        let file = &manifest["files"][0];
        assert_eq!(
            (&file["content_type"], &file["details"]["format"]),
            (&json!(content_type), &json!(format))
        );
        let banner = file["details"]["banner_id"].as_str().expect("an id");
        assert_eq!(job["provider_job_id"], format!("{banner}#1"));
        assert_eq!(manifest["completeness"], json!({ "expected": 1, "landed": 1, "missing": 0 }));
        world.assert_files_match_manifest(&manifest).await;
    }
    // The provider sends no event for a synchronous image.
    assert_eq!((world.deliveries(), world.work_requests().len()), (vec![], 5));
}

#[tokio::test]
async fn a_direct_invocation_returns_the_stored_image() {
    let world = World::start().await;
    let mut event = world.image_request(json!({ "elements": { "headline": { "payload": "Summer" } } }));
    event["command"] = json!("submit");
    let job = world.invoke(event).await.expect("a job");
    assert_eq!((&job["status"], &job["files_total"]), (&json!("stored"), &json!(1)), "{job:#}");
}

#[tokio::test]
async fn an_image_that_timed_out_is_unknown_and_not_requested_again() {
    let world = World::start_with(|options| options.variable("CALLBACK_TIMEOUT_SECONDS", "0")).await;
    world.inject_fault(json!({ "on": "call", "kind": "render_timeout", "seconds": 0.1 }));
    let key = [("idempotency-key", "slow")];
    let response = world.post(&world.image_request(json!({})), &key).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("unknown")), "{job:#}");
    assert_mentions(&job["error"]["message"], &["HTTP 500", "not submitted again"]);
    assert_eq!(world.post(&world.image_request(json!({})), &key).await.body()["job_id"], job["job_id"]);

    world.sweep(3600).await;
    let job = world.wait_for_status(job["job_id"].as_str().expect("an id"), "expired").await;
    assert_eq!(job["error"]["type"], "ProviderSilent", "{job:#}");
    assert_eq!(world.work_requests().len(), 1);
}

#[tokio::test]
async fn an_image_that_the_queue_refused_is_landed_by_the_sweep() {
    let world = World::start().await;
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::Refuse503, ATTEMPTS);
    let started = Instant::now();
    let response = world.post(&world.image_request(json!({})), &[]).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("received")), "{job:#}");
    assert!(started.elapsed() < Duration::from_secs(15), "the caller waited too long");
    assert!(job["provider_job_id"].is_string(), "{job:#}");

    world.sweep(3600).await;
    let job = world.wait_for_status(job["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!((&job["files_total"], world.work_requests().len()), (&json!(1), 1));
}

#[tokio::test]
async fn the_response_does_not_wait_longer_than_the_invocation() {
    let mut world = World::start_with(|mut options| {
        options.submit_timeout = Duration::from_secs(6);
        options
    })
    .await;
    world.stack.pause_worker();
    let started = Instant::now();
    let response = world.post(&world.image_request(json!({})), &[]).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("submitted")), "{job:#}");
    assert!(
        started.elapsed() >= Duration::from_secs(3),
        "the response did not wait: {:?}",
        started.elapsed()
    );
    world.stack.resume_worker();
    world.wait_for_status(job["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn the_response_does_not_wait_for_a_postponed_landing() {
    let world = World::start_with(|options| options.variable("RETRY_BASE_SECONDS", "2")).await;
    world.inject_fault(json!({ "on": "file", "kind": "unavailable" }));
    let response = world.post(&world.image_request(json!({})), &[]).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("landing")), "{job:#}");
    assert_eq!(job["error"]["type"], "SourceUnavailable");
    world.wait_for_status(job["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn an_image_that_cannot_be_downloaded_fails_the_job() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "file", "kind": "not_found", "count": null }));
    let response = world.post(&world.image_request(json!({})), &[]).await;
    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (200, &json!("failed")), "{job:#}");
    assert_eq!((&job["error"]["type"], world.object_keys().await), (&json!("FilesMissing"), vec![]));
}
