//! The webhook receiver: which deliveries it accepts, and that it writes nothing for the others.

mod bodies;
mod malformed_deliveries;
mod outages;
mod secret_rotation;
mod signatures;

use harness::DELIVERY_QUEUE;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::world::World;

/// A well-formed delivery. The host of its URL is not allowed, so that no test calls it.
fn new_export() -> Value {
    let url = "https://elsewhere.example/exports/a.zip";
    json!({ "event_type": "NEW_EXPORT", "export_id": "9c1f4e0a-72b5-4d55-9a0e-0c2f6d1b8e34", "archive_url": url })
}

/// Sends a signed delivery, and checks that it is rejected with this status and without any AWS call.
async fn assert_rejected(world: &World, url: &str, status: u64) {
    let before = world.aws_calls();
    let response = world.deliver(json!({ "url": url, "sign": true, "body": new_export() })).await;
    assert_eq!(response, status, "{url}");
    assert_eq!(world.aws_calls(), before, "{url}");
}

#[tokio::test]
async fn a_callback_is_acknowledged_and_queued() {
    let mut world = World::start().await;
    world.stack.pause_worker();
    let (_, url) = world.submit_export_without_callback(1).await;
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": new_export() })).await, 200);
    let depth = world.cloud.queue_depth(DELIVERY_QUEUE).expect("the queue");
    assert_eq!((depth.visible, depth.in_flight, depth.delayed), (1, 0, 0));
}

#[tokio::test]
async fn a_wrong_callback_token_is_rejected() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (_, other) = world.submit_export_without_callback(1).await;
    let (job, token) = url.rsplit_once('/').expect("a token");
    let (other_job, _) = other.rsplit_once('/').expect("a token");
    for wrong in ["x", "AAAA", &token[1..], &format!("{token}x"), &token.to_lowercase()] {
        assert_rejected(&world, &format!("{job}/{wrong}"), 401).await;
    }
    assert_rejected(&world, &format!("{other_job}/{token}"), 401).await;
}

#[tokio::test]
async fn every_other_path_is_not_found() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (job, token) = url.rsplit_once('/').expect("a token");
    let receiver = &world.webhook.url;
    for path in [
        String::new(),
        "/webhooks".into(),
        "/webhooks/".into(),
        "/webhooks/nobody".into(),
        format!("/webhooks/nobody/{}", url.rsplit_once("abyssale/").expect("a job").1),
        format!("/webhooks/abyssale/not-a-job/{token}"),
        format!("/webhooks/abyssale/6f9619ff-8b86-d011-b42d-00cf4fc964ff/{token}"),
        format!("{}/{token}/more", job.trim_start_matches(receiver.as_str())),
        job.trim_start_matches(receiver.as_str()).to_owned(),
    ] {
        assert_rejected(&world, &format!("{receiver}{path}"), 404).await;
    }
}

#[tokio::test]
async fn only_post_is_accepted() {
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let before = world.aws_calls();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD] {
        let request =
            Request::builder().method(&method).uri(&url).body(bytes::Bytes::new()).expect("a request");
        let response = world.http.send(request).await.expect("a response");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(world.aws_calls(), before);
}
