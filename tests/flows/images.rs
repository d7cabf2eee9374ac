//! A picture at once, and the address of one that is made when it is looked at.

mod dynamic;

use std::time::{Duration, Instant};

use harness::cloud::{Outage, Service};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::{generation::says, world::World};

/// How often the AWS client tries a call.
const ATTEMPTS: u32 = 3;

impl World {
    /// A request for a picture of the first static design.
    fn image(&self, more: Value) -> Value {
        self.order("image", "static", more)
    }
}

/// Checks that a picture landed within the call that asked for it, and returns its job.
fn stored_at_once(answer: &Response<Value>) -> &Value {
    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (200, &json!("stored")), "{job:#}");
    assert_eq!(answer.headers()["location"], job["links"]["self"].as_str().expect("a link"));
    job
}

#[tokio::test]
async fn a_picture_is_in_the_bucket_when_its_caller_is_answered() {
    let world = World::start().await;
    world.admin(
        Method::POST,
        "/subscriptions",
        json!({ "hook_url": world.hook_url(), "type": "new_banner" }),
    );
    for (more, content_type, format) in [
        (json!({}), "image/png", "square"),
        (json!({ "template_format_name": "story" }), "image/jpeg", "story"),
        (json!({ "template_format_name": "postcard", "image_file_type": "webp" }), "image/webp", "postcard"),
        (json!({ "image_file_type": "avif" }), "image/avif", "square"),
        (json!({ "image_file_type": "pdf", "file_compression_level": 9 }), "application/pdf", "square"),
    ] {
        let answer = world.post(&world.image(more.clone()), &[]).await;
        let job = stored_at_once(&answer);
        assert_eq!((job["files"].as_array().map(Vec::len), &job["error"]), (Some(1), &Value::Null), "{more}");
        let manifest = world.manifest(job).await;
        let file = &manifest["files"][0];
        assert_eq!(
            (&file["content_type"], &file["details"]["format"]),
            (&json!(content_type), &json!(format))
        );
        let banner = file["details"]["banner_id"].as_str().expect("an id");
        assert_eq!(job["provider_job_id"], format!("{banner}#1"));
        assert_eq!(manifest["completeness"], json!({ "expected": 1, "landed": 1, "missing": 0 }));
        world.as_listed(&manifest).await;
    }
    // No event ever comes of a picture that was made at once.
    assert_eq!((world.deliveries(), world.posts().len()), (vec![], 5));
}

#[tokio::test]
async fn a_direct_invocation_is_answered_with_the_picture_too() {
    let world = World::start().await;
    let mut event = world.image(json!({ "elements": { "headline": { "payload": "Summer" } } }));
    event["command"] = json!("submit");
    let job = world.invoke(event).await.expect("a job");
    assert_eq!((&job["status"], &job["files_total"]), (&json!("stored"), &json!(1)), "{job:#}");
}

#[tokio::test]
async fn a_picture_that_took_too_long_is_unknown_and_not_asked_for_again() {
    let world = World::start_with(|options| options.variable("CALLBACK_TIMEOUT_SECONDS", "0")).await;
    world.trouble(json!({ "on": "call", "kind": "render_timeout", "seconds": 0.1 }));
    let key = [("idempotency-key", "slow")];
    let answer = world.post(&world.image(json!({})), &key).await;
    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (202, &json!("unknown")), "{job:#}");
    says(&job["error"]["message"], &["HTTP 500", "not submitted again"]);
    assert_eq!(world.post(&world.image(json!({})), &key).await.body()["job_id"], job["job_id"]);

    world.sweep(3600).await;
    let job = world.ends(job["job_id"].as_str().expect("an id"), "expired").await;
    assert_eq!(job["error"]["type"], "ProviderSilent", "{job:#}");
    assert_eq!(world.posts().len(), 1);
}

#[tokio::test]
async fn a_picture_that_the_queue_does_not_take_is_kept_by_its_job_and_landed_by_the_sweep() {
    let world = World::start().await;
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::Refuse503, ATTEMPTS);
    let asked = Instant::now();
    let answer = world.post(&world.image(json!({})), &[]).await;
    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (202, &json!("received")), "{job:#}");
    assert!(asked.elapsed() < Duration::from_secs(15), "the caller waited for nobody");
    assert!(job["provider_job_id"].is_string(), "{job:#}");

    world.sweep(3600).await;
    let job = world.ends(job["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!((&job["files_total"], world.posts().len()), (&json!(1), 1));
}

#[tokio::test]
async fn a_caller_waits_only_as_long_as_its_invocation_lasts() {
    let mut world = World::start_with(|mut options| {
        options.submit_timeout = Duration::from_secs(6);
        options
    })
    .await;
    world.stack.pause_worker();
    let asked = Instant::now();
    let answer = world.post(&world.image(json!({})), &[]).await;
    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (202, &json!("submitted")), "{job:#}");
    assert!(asked.elapsed() >= Duration::from_secs(3), "it did not wait: {:?}", asked.elapsed());
    world.stack.resume_worker();
    world.ends(job["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn a_landing_that_is_held_up_is_not_waited_for() {
    let world = World::start_with(|options| options.variable("RETRY_BASE_SECONDS", "2")).await;
    world.trouble(json!({ "on": "file", "kind": "unavailable" }));
    let answer = world.post(&world.image(json!({})), &[]).await;
    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (202, &json!("landing")), "{job:#}");
    assert_eq!(job["error"]["type"], "SourceUnavailable");
    world.ends(job["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_fetched_is_a_job_that_failed() {
    let world = World::start().await;
    world.trouble(json!({ "on": "file", "kind": "not_found", "count": null }));
    let answer = world.post(&world.image(json!({})), &[]).await;
    let job = answer.body();
    assert_eq!((answer.status().as_u16(), &job["status"]), (200, &json!("failed")), "{job:#}");
    assert_eq!((&job["error"]["type"], world.keys().await), (&json!("FilesMissing"), vec![]));
}
