//! Bodies of deliveries: large, encoded, binary and unknown ones.

use bytes::Bytes;
use harness::cloud::{Outage, Service};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::new_export;
use crate::world::World;

#[tokio::test]
async fn a_body_larger_than_a_queue_message_is_stored_in_the_bucket() {
    let world = World::start().await;
    assert_long_delivery_is_stored_once(&world).await;
}

#[tokio::test]
async fn a_long_body_whose_put_lost_its_response_is_stored_once() {
    let world = World::start().await;
    world.cloud.faults().next(Service::S3, "PutObject", Outage::LoseAnswers, 1);
    assert_long_delivery_is_stored_once(&world).await;
}

async fn assert_long_delivery_is_stored_once(world: &World) {
    world.inject_fault(json!({ "on": "delivery", "kind": "oversized_body", "bytes": 600_000 }));
    let id = world.submit_export(2).await;
    world.wait_for_status(&id, "stored").await;
    let keys = world.object_keys().await;
    let stored: Vec<_> = keys.iter().filter(|key| key.starts_with("deliveries/abyssale/")).collect();
    assert_eq!(stored.len(), 1, "{keys:?}");
    assert!(world.read_object(stored[0]).await.len() >= 600_000);
}

#[tokio::test]
async fn a_delivery_whose_event_exceeds_lambdas_limit_is_rejected_before_the_receiver() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let send = async |content_type: &str, bytes: usize| {
        let body = Bytes::from(vec![b'a'; bytes]);
        let request = Request::post(&url).header("content-type", content_type).body(body);
        world.http.send(request.expect("a request")).await.expect("a response").status()
    };
    // The event is at most 6 MiB. A body that is not text is a third longer in it.
    assert_eq!(send("text/plain", 6 * 1024 * 1024).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send("application/octet-stream", 4_800_000).await, StatusCode::PAYLOAD_TOO_LARGE);
    world.wait_for_empty_queue().await;
    assert_eq!(world.recorded_deliveries(&id).await.len(), 0);
    // Below the limit, the receiver sees it, and rejects it because it has no signature.
    assert_eq!(send("text/plain", 4_800_000).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_delivery_with_a_request_line_or_headers_beyond_the_limit_is_rejected_before_the_receiver() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let send = async |url: &str, header: &str| {
        let request = Request::post(url).header("x-padding", header).body(Bytes::new());
        world.http.send(request.expect("a request")).await.expect("a response").status()
    };
    let long_url = format!("{url}?event={}", "a".repeat(10_240));
    assert!(send(&long_url, "").await.is_client_error());
    assert!(send(&url, &"a".repeat(10_240)).await.is_client_error());
    world.wait_for_empty_queue().await;
    assert_eq!(world.recorded_deliveries(&id).await.len(), 0);
}

#[tokio::test]
async fn a_base64_body_is_decoded_before_verification() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let headers = json!({ "content-type": "application/octet-stream" });
    let elsewhere =
        json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": "https://elsewhere.example/a" });
    let delivery = json!({ "url": url, "sign": true, "body": elsewhere, "headers": headers });
    assert_eq!(world.deliver(delivery).await, 200);
    let job = world.wait_for_status(&id, "failed").await;
    assert!(
        job["error"]["message"].as_str().is_some_and(|text| text.contains("elsewhere.example")),
        "{job:#}"
    );
}

#[tokio::test]
async fn a_binary_body_is_acknowledged_and_changes_nothing() {
    let world = World::start().await;
    world.set_signing_secrets(json!([])).await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let binary = Bytes::from_static(b"\xff\xfe\x00\x01 not text");
    let request = Request::builder().method(Method::POST).uri(&url).body(binary).expect("a request");
    assert_eq!(world.http.send(request).await.expect("a response").status(), StatusCode::OK);
    world.wait_for_empty_queue().await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    assert_eq!(world.recorded_deliveries(&id).await.len(), 1);
}

#[tokio::test]
async fn every_event_format_lands_the_export() {
    let world = World::start().await;
    for knobs in [
        json!({ "data_envelope": true }),
        json!({ "event_type": false }),
        json!({ "event_type": false, "data_envelope": true }),
        json!({ "rebuilt_body": true, "event_type": true }),
    ] {
        world.admin(Method::PUT, "/knobs", json!({ "data_envelope": false }));
        world.admin(Method::PUT, "/knobs", knobs);
        let id = world.submit_export(1).await;
        world.wait_for_status(&id, "stored").await;
    }
}

#[tokio::test]
async fn unknown_events_are_acknowledged_and_the_export_still_lands() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let strange = [
        json!({ "event_type": "SOMETHING_NEW", "export_id": "e", "url": "https://elsewhere.example/a" }),
        json!({ "event_type": "NEW_EXPORT" }),
        json!({ "id": "g", "banners": [], "errors": [], "is_finalized": false }),
        json!({ "id": "d", "status": "APPROVED", "status_updated_at": 1 }),
        json!({}),
        json!([new_export()]),
        json!("not JSON {"),
        json!(""),
    ];
    for body in &strange {
        assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200, "{body}");
    }
    world.wait_for_empty_queue().await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    assert_eq!(world.recorded_deliveries(&id).await.len(), strange.len());
    assert_eq!(world.job(&id).await["error"], Value::Null);
    world.redeliver(&url, 1);
    world.wait_for_status(&id, "stored").await;
}
