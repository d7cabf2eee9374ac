//! Export status: every response format in which the provider may report it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY,
    scripted_server::{Reply, ScriptedStudio, error_body},
    video_request, world,
};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// Submits a job, scripts the replies to its polls, and runs so many sweeps. Each sweep polls once.
async fn job_after_sweeps(
    sweeps: usize,
    replies: impl FnOnce(&ScriptedStudio) -> Vec<Reply>,
) -> (World, ScriptedStudio, String) {
    let (world, studio) = world().await;
    let id = world.submit_request(&video_request()).await;
    studio.reply_with("progress", replies(&studio));
    for _ in 0..sweeps {
        world.sweep(BEYOND_POLL_DELAY).await;
    }
    (world, studio, id)
}

#[tokio::test]
async fn s03_s04_s05_s25_a_finished_video_is_recognised_in_every_response_format() {
    for reply in [
        |url: &str| json!({ "success": true, "data": { "progress": "100", "downloadUrl": url } }),
        |url: &str| json!({ "success": true, "data": { "progress": "100%", "download_url": url } }),
        |url: &str| json!({ "success": true, "data": { "progress": 100, "downloadUrl": url } }),
        |url: &str| json!({ "success": true, "data": { "progress": 100.0, "state": " Wrapping UP ", "downloadUrl": url } }),
        |url: &str| json!({ "success": "true", "data": { "state": "Exported", "downloadUrl": url } }),
        |url: &str| json!({ "succeed": true, "data": { "progress": 100, "downloadUrl": url } }),
        |url: &str| json!({ "data": { "progress": 100, "downloadUrl": url } }),
        |url: &str| json!({ "progress": 100, "downloadUrl": url }),
    ] {
        let (world, _studio, id) =
            job_after_sweeps(1, |studio| vec![Reply::Raw(200, reply(&studio.video_url()).to_string())]).await;
        world.wait_for_status(&id, "stored").await;
    }
}

#[tokio::test]
async fn s06_a_completion_without_a_url_is_polled_again() {
    let bare = || Reply::Data(json!({ "progress": 100 }));
    let (world, studio, id) = job_after_sweeps(3, |studio| {
        vec![
            bare(),
            bare(),
            bare(),
            Reply::Data(json!({ "progress": 100, "downloadUrl": studio.video_url() })),
        ]
    })
    .await;
    assert_eq!((&world.job(&id).await["status"], studio.request_count(&["file"])), (&json!("rendering"), 0));
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s07_s08_after_ten_minutes_the_url_is_read_from_the_project() {
    let (world, studio, id) = job_after_sweeps(1, |_| vec![Reply::Data(json!({ "progress": 100 }))]).await;
    let project = json!({ "project": { "progress": 100, "download_url": studio.video_url() } });
    studio.reply_with("project", [Reply::Data(project)]);
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "rendering");
    world.age_job(&id, 10 * MINUTE).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;

    let (world, _studio, id) = job_after_sweeps(1, |_| vec![Reply::Data(json!({ "progress": 100 }))]).await;
    world.age_job(&id, 10 * MINUTE).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.wait_for_status(&id, "failed").await;
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.starts_with("completed_without_url")));
}

#[tokio::test]
async fn s09_a_failure_is_reported_with_its_reason() {
    for (reply, reason) in [
        (
            json!({ "state": "error", "progress": 40, "error": { "code": 9, "msg": "no voice" } }),
            "no voice (9)",
        ),
        (json!({ "state": "Failed", "progress": 40 }), "no reason was given"),
    ] {
        let (world, _studio, id) = job_after_sweeps(1, |_| vec![Reply::Data(reply)]).await;
        let job = world.wait_for_status(&id, "failed").await;
        assert_eq!(job["error"]["type"], "ProviderFailed");
        assert!(job["error"]["message"].as_str().is_some_and(|text| text.ends_with(reason)), "{job:#}");
    }
}

#[tokio::test]
async fn s10_three_error_responses_fail_the_job_and_server_errors_do_not() {
    let (world, _studio, id) = job_after_sweeps(2, |_| vec![Reply::Raw(200, error_body(77, "odd"))]).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.wait_for_status(&id, "failed").await["error"]["provider"]["id"], "77");

    let (world, studio, id) = job_after_sweeps(5, |_| vec![Reply::Raw(500, error_body(5000, "oops"))]).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s11_a_stalled_export_fails_and_a_slow_one_expires_and_lands_late() {
    let (world, studio, id) = job_after_sweeps(1, |_| vec![Reply::Data(json!({ "progress": 63 }))]).await;
    world.age_job(&id, 29 * MINUTE).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "rendering");
    studio.set_progress(json!({ "progress": 64 }));
    world.sweep(BEYOND_POLL_DELAY).await;
    world.age_job(&id, 30 * MINUTE).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    let message = world.wait_for_status(&id, "failed").await["error"]["message"].clone();
    assert_eq!(message, "stalled: AI Studios has reported 64 % for 30 minutes");

    let (world, studio, id) = job_after_sweeps(1, |_| vec![Reply::Data(json!({ "progress": 63 }))]).await;
    world.age_job(&id, 60 * MINUTE).await;
    studio.set_progress(json!({ "progress": 64 }));
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "expired");
    studio.complete_video();
    world.send_callback(&studio, &json!({ "progress": 100 })).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s14_throttling_and_gateway_error_pages_are_retried() {
    let (world, _studio, id) = job_after_sweeps(4, |studio| {
        vec![
            Reply::WithHeader(429, "retry-after", "7"),
            Reply::WithHeader(429, "x", "y"),
            Reply::Raw(502, "<html>Bad gateway".into()),
            Reply::Raw(200, "<html>Login".into()),
            Reply::Data(json!({ "progress": 100, "downloadUrl": studio.video_url() })),
        ]
    })
    .await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s20_s21_an_unknown_project_is_polled_at_first_and_missing_later() {
    let none = || Reply::Raw(404, error_body(4040, "project does not exist"));
    let (world, studio, id) = job_after_sweeps(1, |_| vec![none()]).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    studio.reply_with("project", [none()]);
    world.age_job(&id, MINUTE).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.wait_for_status(&id, "failed").await;
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.starts_with("project_missing")));

    let (world, studio, id) = job_after_sweeps(1, |_| vec![none()]).await;
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s27_a_project_response_of_ten_megabytes_is_read() {
    let (world, studio) = world().await;
    let scenes: Vec<Value> = (0..10).map(|_| json!({ "script": "x".repeat(1024 * 1024) })).collect();
    let project = json!({ "project": { "scenes": scenes, "backendTaskId": "bt-long" } });
    studio.reply_with("project", [Reply::Data(project)]);
    let id = world.submit_request(&video_request()).await;
    let notes = world.job_item(&id).await["provider_state"].as_s().expect("a text").clone();
    let notes: Value = serde_json::from_str(&notes).expect("JSON");
    assert_eq!(notes["snapshot"]["backend_task_id"], "bt-long");
}

#[tokio::test]
async fn s28_progress_may_decrease() {
    let at = |percent: u32| Reply::Data(json!({ "progress": percent }));
    let (world, studio, id) = job_after_sweeps(3, |_| vec![at(70), at(20), at(90)]).await;
    assert_eq!(world.job(&id).await["progress"], 90.0);
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
}
