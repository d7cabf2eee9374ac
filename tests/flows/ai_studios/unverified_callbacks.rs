//! An AI Studios callback is unauthenticated. It only triggers a poll, and none of its content is trusted.

use harness::until;
use http::Method;
use serde_json::{Value, json};

use super::{callback, scripted_server::Reply, video_request, world};
use crate::world::World;

/// Waits until so many deliveries are recorded for the job.
async fn wait_for_recorded_deliveries(world: &World, id: &str, count: usize) {
    until("the deliveries are recorded", || async {
        (world.recorded_deliveries(id).await.len() >= count).then_some(())
    })
    .await;
    world.wait_for_empty_queue().await;
}

#[tokio::test]
async fn s02_a_callback_lands_the_video_before_the_next_sweep() {
    let (world, studio) = world().await;
    studio.reply_with(
        "project",
        [
            Reply::Data(json!({ "project": {} })),
            Reply::Data(json!({ "project": { "backendTaskId": "bt-1" } })),
        ],
    );
    let id = world.submit_request(&video_request()).await;
    studio.complete_video();
    let done =
        json!({ "progress": 100, "credit": 2, "backendTaskId": "bt-1", "download_url": "https://h/a.mp4" });
    assert_eq!(world.send_callback(&studio, &done).await, 200);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(world.read_manifest(&job).await["files"][0]["details"]["credit"], 2);
}

#[tokio::test]
async fn s22_forged_callbacks_cause_one_poll_per_five_seconds_and_no_download() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    studio.set_progress(json!({ "progress": 10 }));
    let before = studio.request_count(&["progress"]);
    let hostile = "http://169.254.169.254/latest/meta-data";
    let forged = json!({ "progress": 100, "credit": 999, "backendTaskId": "bt-x", "download_url": hostile });
    for _ in 0..4 {
        assert_eq!(world.send_callback(&studio, &forged).await, 200);
    }
    wait_for_recorded_deliveries(&world, &id, 4).await;
    let job = world.job(&id).await;
    // One poll at once, and one after five seconds for all callbacks that arrived in between.
    assert_eq!((studio.request_count(&["progress"]) - before, studio.request_count(&["file"])), (2, 0));
    assert_eq!(
        (&job["status"], &job["progress"]),
        (&json!("rendering"), &json!(99.0)),
        "a callback does not complete the job"
    );
    assert_eq!(job["files"], json!([]));
}

#[tokio::test]
async fn a_callback_soon_after_another_triggers_a_poll_seconds_later_without_a_sweep() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    studio.set_progress(json!({ "progress": 50 }));
    world.send_callback(&studio, &json!({ "progress": 50 })).await;
    until("the first callback triggers a poll", || async {
        (studio.request_count(&["progress"]) > 0).then_some(())
    })
    .await;
    studio.complete_video();
    world.send_callback(&studio, &json!({ "progress": 100 })).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s22_a_callback_with_a_wrong_token_is_rejected() {
    let (world, studio) = world().await;
    world.submit_request(&video_request()).await;
    let before = studio.request_count(&["progress", "project"]);
    let url = callback(&studio);
    let wrong = format!("{}x", &url[..url.len() - 1]);
    for method in [Method::POST, Method::GET, Method::HEAD, Method::OPTIONS] {
        let response = world.http.json(method.clone(), &wrong, &[], &json!({ "progress": 100 })).await;
        assert_eq!(response.expect("a response").status(), 401, "{method}");
    }
    world.wait_for_empty_queue().await;
    assert_eq!(studio.request_count(&["progress", "project"]), before);
}

#[tokio::test]
async fn s23_every_format_of_a_callback_is_read() {
    for (method, query, kind, body) in [
        (Method::POST, "", "application/json", r#"[{"progress":100}]"#),
        (Method::POST, "", "application/json", r#"{"success":true,"data":{"progress":100}}"#),
        (Method::POST, "", "text/plain", r#"{"progress":"100%"}"#),
        (Method::POST, "", "application/x-www-form-urlencoded", "progress=100&credit=2"),
        (Method::POST, "?progress=100", "application/json", ""),
        (Method::GET, "?videoUrl=https%3A%2F%2Fh%2Fa.mp4&duration=12.5", "text/plain", ""),
    ] {
        let (world, studio) = world().await;
        let id = world.submit_request(&video_request()).await;
        studio.complete_video();
        let url = format!("{}{query}", callback(&studio));
        let request = http::Request::builder().method(method.clone()).uri(&url).header("content-type", kind);
        let request = request.body(body.to_owned().into()).expect("a request");
        assert_eq!(world.http.send(request).await.expect("a response").status(), 200, "{method} {body}");
        world.wait_for_status(&id, "stored").await;
    }
}

#[tokio::test]
async fn connectivity_probes_are_answered_and_trigger_no_poll() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    let before = studio.request_count(&["progress", "project"]);
    let url = callback(&studio);
    for (method, url) in [
        (Method::GET, url.clone()),
        (Method::GET, format!("{url}?challenge=1")),
        (Method::HEAD, url.clone()),
        (Method::OPTIONS, url.clone()),
    ] {
        let response = world.http.json(method.clone(), &url, &[], &Value::Null).await.expect("a response");
        assert_eq!(response.status(), 200, "{method} {url}");
    }
    assert_eq!(
        world.http.json(Method::DELETE, &url, &[], &Value::Null).await.expect("a response").status(),
        405
    );
    assert_eq!(
        world.send_callback(&studio, &json!("malformed")).await,
        200,
        "a malformed callback is acknowledged"
    );
    wait_for_recorded_deliveries(&world, &id, 1).await;
    assert_eq!(studio.request_count(&["progress", "project"]), before);
}

#[tokio::test]
async fn s24_the_polled_status_decides_and_not_the_callback() {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    studio.set_progress(json!({ "progress": 80 }));
    world.send_callback(&studio, &json!({ "progress": 100, "download_url": studio.video_url() })).await;
    wait_for_recorded_deliveries(&world, &id, 1).await;
    assert_eq!((&world.job(&id).await["status"], studio.request_count(&["file"])), (&json!("rendering"), 0));
    studio.complete_video();
    world.sweep(60).await;
    world.wait_for_status(&id, "stored").await;
}
