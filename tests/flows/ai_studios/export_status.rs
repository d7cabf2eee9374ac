//! What the provider says of an export, in every way in which it might.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    LATER,
    scripted_server::{Says, Studio, refusal},
    video, world,
};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// A job that is taken, and a provider that then goes on like this; each look is a sweep.
async fn after(looks: usize, says: impl FnOnce(&Studio) -> Vec<Says>) -> (World, Studio, String) {
    let (world, studio) = world().await;
    let id = world.taken_up(&video()).await;
    studio.says("progress", says(&studio));
    for _ in 0..looks {
        world.sweep(LATER).await;
    }
    (world, studio, id)
}

#[tokio::test]
async fn s03_s04_s05_s25_a_video_that_is_done_is_recognised_however_it_is_said() {
    for said in [
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
            after(1, |studio| vec![Says::Raw(200, said(&studio.video()).to_string())]).await;
        world.ends(&id, "stored").await;
    }
}

#[tokio::test]
async fn s06_an_end_without_a_url_is_waited_for() {
    let bare = || Says::Data(json!({ "progress": 100 }));
    let (world, studio, id) = after(3, |studio| {
        vec![bare(), bare(), bare(), Says::Data(json!({ "progress": 100, "downloadUrl": studio.video() }))]
    })
    .await;
    assert_eq!((&world.job(&id).await["status"], studio.count(&["file"])), (&json!("rendering"), 0));
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
}

#[tokio::test]
async fn s07_s08_after_ten_minutes_the_project_is_asked_for_the_url() {
    let (world, studio, id) = after(1, |_| vec![Says::Data(json!({ "progress": 100 }))]).await;
    let project = json!({ "project": { "progress": 100, "download_url": studio.video() } });
    studio.says("project", [Says::Data(project)]);
    world.sweep(LATER).await;
    assert_eq!(world.job(&id).await["status"], "rendering");
    world.ages(&id, 10 * MINUTE).await;
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;

    let (world, _studio, id) = after(1, |_| vec![Says::Data(json!({ "progress": 100 }))]).await;
    world.ages(&id, 10 * MINUTE).await;
    world.sweep(LATER).await;
    let job = world.ends(&id, "failed").await;
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.starts_with("completed_without_url")));
}

#[tokio::test]
async fn s09_a_failure_is_told_with_its_reason() {
    for (said, reason) in [
        (
            json!({ "state": "error", "progress": 40, "error": { "code": 9, "msg": "no voice" } }),
            "no voice (9)",
        ),
        (json!({ "state": "Failed", "progress": 40 }), "no reason was given"),
    ] {
        let (world, _studio, id) = after(1, |_| vec![Says::Data(said)]).await;
        let job = world.ends(&id, "failed").await;
        assert_eq!(job["error"]["type"], "ProviderFailed");
        assert!(job["error"]["message"].as_str().is_some_and(|text| text.ends_with(reason)), "{job:#}");
    }
}

#[tokio::test]
async fn s10_three_refusals_to_tell_end_it_and_trouble_does_not() {
    let (world, _studio, id) = after(2, |_| vec![Says::Raw(200, refusal(77, "odd"))]).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.sweep(LATER).await;
    assert_eq!(world.ends(&id, "failed").await["error"]["provider"]["id"], "77");

    let (world, studio, id) = after(5, |_| vec![Says::Raw(500, refusal(5000, "oops"))]).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
}

#[tokio::test]
async fn s11_an_export_that_stands_still_fails_by_name_and_a_slow_one_expires_and_lands_late() {
    let (world, studio, id) = after(1, |_| vec![Says::Data(json!({ "progress": 63 }))]).await;
    world.ages(&id, 29 * MINUTE).await;
    world.sweep(LATER).await;
    assert_eq!(world.job(&id).await["status"], "rendering");
    studio.progresses(json!({ "progress": 64 }));
    world.sweep(LATER).await;
    world.ages(&id, 30 * MINUTE).await;
    world.sweep(LATER).await;
    let message = world.ends(&id, "failed").await["error"]["message"].clone();
    assert_eq!(message, "stalled: AI Studios has reported 64 % for 30 minutes");

    let (world, studio, id) = after(1, |_| vec![Says::Data(json!({ "progress": 63 }))]).await;
    world.ages(&id, 60 * MINUTE).await;
    studio.progresses(json!({ "progress": 64 }));
    world.sweep(LATER).await;
    assert_eq!(world.job(&id).await["status"], "expired");
    studio.is_done();
    world.calls_back(&studio, &json!({ "progress": 100 })).await;
    world.ends(&id, "stored").await;
}

#[tokio::test]
async fn s14_limits_and_pages_of_gateways_pass() {
    let (world, _studio, id) = after(4, |studio| {
        vec![
            Says::With(429, "retry-after", "7"),
            Says::With(429, "x", "y"),
            Says::Raw(502, "<html>Bad gateway".into()),
            Says::Raw(200, "<html>Login".into()),
            Says::Data(json!({ "progress": 100, "downloadUrl": studio.video() })),
        ]
    })
    .await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
}

#[tokio::test]
async fn s20_s21_a_project_that_is_not_found_is_waited_for_at_first_and_missing_later() {
    let none = || Says::Raw(404, refusal(4040, "project does not exist"));
    let (world, studio, id) = after(1, |_| vec![none()]).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    studio.says("project", [none()]);
    world.ages(&id, MINUTE).await;
    world.sweep(LATER).await;
    let job = world.ends(&id, "failed").await;
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.starts_with("project_missing")));

    let (world, studio, id) = after(1, |_| vec![none()]).await;
    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
}

#[tokio::test]
async fn s27_a_project_of_ten_megabytes_is_read() {
    let (world, studio) = world().await;
    let scenes: Vec<Value> = (0..10).map(|_| json!({ "script": "x".repeat(1024 * 1024) })).collect();
    let project = json!({ "project": { "scenes": scenes, "backendTaskId": "bt-long" } });
    studio.says("project", [Says::Data(project)]);
    let id = world.taken_up(&video()).await;
    let notes = world.job_item(&id).await["notes"].as_s().expect("a text").clone();
    let notes: Value = serde_json::from_str(&notes).expect("JSON");
    assert_eq!(notes["snapshot"]["backend_task_id"], "bt-long");
}

#[tokio::test]
async fn s28_progress_may_fall() {
    let at = |percent: u32| Says::Data(json!({ "progress": percent }));
    let (world, studio, id) = after(3, |_| vec![at(70), at(20), at(90)]).await;
    assert_eq!(world.job(&id).await["progress"], 90.0);
    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
}
