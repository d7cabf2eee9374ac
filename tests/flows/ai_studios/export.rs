//! An export is requested once, whatever happens to the response.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY, PROJECT,
    scripted_server::{self, Reply, error_body},
    video_request, world,
};
use crate::world::assert_problem;

#[tokio::test]
async fn s01_a_video_lands_without_any_callback() {
    let (world, studio) = world().await;
    studio.reply_with(
        "project",
        [
            Reply::Data(json!({ "project": {} })),
            Reply::Data(json!({ "project": { "backendTaskId": "bt-1" } })),
        ],
    );
    let request = json!({
        "provider": "ai_studios", "kind": "export", "project_id": PROJECT, "workspace_id": "w1", "resolution": 720,
    });
    let id = world.submit_request(&request).await;
    assert_eq!(world.job(&id).await["provider_job_id"], PROJECT);
    let exports = studio.requests("export");
    let sent = &exports[0].body;
    assert_eq!((&sent["resolution"], &sent["workspaceId"]), (&json!("720"), &json!("w1")));
    assert!(exports[0].token.as_ref().is_some_and(|token| token.starts_with("token1.")), "sent bare");

    studio.set_progress(json!({ "progress": 37.25, "state": "exporting" }));
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("rendering"), &json!(37.25)));

    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.wait_for_status(&id, "stored").await;
    let manifest = world.read_manifest(&job).await;
    let file = &manifest["files"][0];
    assert_eq!((&file["name"], &file["content_type"]), (&json!("spring.mp4"), &json!("video/mp4")));
    let details = json!({ "project_id": PROJECT, "resolution": "720", "backend_task_id": "bt-1" });
    assert_eq!(file["details"], details);
    assert!(
        world.read_object(file["key"].as_str().expect("a key")).await == scripted_server::video_bytes(),
        "the stored bytes differ"
    );
    assert!(
        studio.requests("file").iter().all(|request| request.token.is_none()),
        "the token was sent to the file server"
    );
    assert_eq!(studio.request_count(&["export"]), 1);
}

#[tokio::test]
async fn s15_an_export_whose_response_was_lost_is_found_and_not_requested_again() {
    let (world, studio) = world().await;
    studio.reply_with(
        "project",
        [Reply::Data(json!({ "project": { "backendTaskId": "bt-1", "progress": 100 } }))],
    );
    studio.reply_with("export", [Reply::Never]);
    let id = world.submit_request(&video_request()).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    studio.set_progress(json!({ "progress": 100, "downloadUrl": studio.video_url() }));
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "unknown", "this is the earlier export");

    studio.reply_with(
        "project",
        [Reply::Data(json!({ "project": { "backendTaskId": "bt-2", "progress": 3 } }))],
    );
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.job(&id).await;
    assert_eq!(
        (&job["status"], &job["provider_job_id"], &job["error"]),
        (&json!("submitted"), &json!(PROJECT), &Value::Null)
    );
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(studio.request_count(&["export"]), 1);
}

#[tokio::test]
async fn s16_an_export_that_never_began_expires_and_is_not_requested_again() {
    let (world, studio) = world().await;
    studio.reply_with("export", [Reply::Raw(500, error_body(5000, "oops"))]);
    let id = world.submit_request(&video_request()).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    world.age_job(&id, Duration::from_secs(3600)).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("expired"), &json!("ProviderSilent")));
    assert_eq!(studio.request_count(&["export"]), 1);
}

#[tokio::test]
async fn s17_rejections_are_reported_by_their_kind() {
    let (world, studio) = world().await;
    for (status, body, answered, kind) in [
        (402, error_body(1, "pay"), 429, "provider-quota"),
        (200, error_body(1, "not enough credits"), 429, "provider-quota"),
        (403, error_body(4030, "not yours"), 403, "provider-plan"),
        (200, error_body(4040, "project does not exist"), 422, "provider-refused-request"),
        (400, error_body(4000, "bad resolution"), 422, "provider-refused-request"),
    ] {
        studio.reply_with("export", [Reply::Raw(status, body)]);
        assert_problem(&world.post(&video_request(), &[]).await, answered, kind);
    }
    assert_eq!(studio.request_count(&["export"]), 5, "each was requested once");
}

#[tokio::test]
async fn s18_the_returned_project_id_is_polled_with_the_requested_one_as_fallback() {
    let (world, studio) = world().await;
    studio.reply_with("export", [Reply::Data(json!({ "projectId": "other" }))]);
    let id = world.submit_request(&video_request()).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert!(studio.requests("progress")[0].path.ends_with("/other"));
    world.age_job(&id, Duration::from_secs(60)).await;
    let done = json!({ "progress": 100, "downloadUrl": studio.video_url() });
    studio.reply_with("progress", [Reply::Raw(404, error_body(4040, "none")), Reply::Data(done)]);
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert!(studio.requests("progress")[2].path.ends_with(PROJECT));
}

#[tokio::test]
async fn s19_the_completion_of_an_earlier_export_does_not_complete_this_one() {
    let (world, studio) = world().await;
    let old = format!("{}/export/old.mp4", studio.files);
    let before =
        json!({ "backendTaskId": "bt-1", "progress": 100, "state": "exported", "download_url": old });
    studio.reply_with("project", [Reply::Data(json!({ "project": before }))]);
    let id = world.submit_request(&video_request()).await;
    studio.set_progress(json!({ "progress": 100, "state": "exported", "downloadUrl": old }));
    for _ in 0..2 {
        world.sweep(BEYOND_POLL_DELAY).await;
        assert_eq!(world.job(&id).await["status"], "submitted");
    }
    assert_eq!(studio.request_count(&["file"]), 0);
    studio.set_progress(json!({ "progress": 5, "state": "exporting" }));
    world.sweep(BEYOND_POLL_DELAY).await;
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["files"][0]["name"], "spring.mp4");
}

#[tokio::test]
async fn a_tracked_project_is_polled_and_never_exported() {
    let (world, studio) = world().await;
    let mut request = video_request();
    request["track"] = json!(true);
    let id = world.submit_request(&request).await;
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(studio.request_count(&["export"]), 0);
    studio.reply_with("project", [Reply::Raw(404, error_body(4040, "none"))]);
    let rejection = world.post(&request, &[]).await;
    let problem = assert_problem(&rejection, 422, "provider-refused-request");
    assert_eq!(problem["errors"][0]["field"], "project_id");
}

#[tokio::test]
async fn an_export_already_in_progress_is_polled_instead_of_requested_again() {
    let (world, studio) = world().await;
    studio.reply_with("export", [Reply::Raw(409, error_body(7, "export already in progress"))]);
    let id = world.submit_request(&video_request()).await;
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(studio.request_count(&["export"]), 1);
}

#[tokio::test]
async fn a_project_has_one_export_at_a_time() {
    let (world, studio) = world().await;
    let both = [video_request(), video_request()];
    let (one, other) = tokio::join!(world.post(&both[0], &[]), world.post(&both[1], &[]));
    let (accepted, rejection) = if one.status() == 202 { (one, other) } else { (other, one) };
    let id = accepted.body()["job_id"].as_str().expect("an id");
    let detail =
        assert_problem(&rejection, 409, "provider-conflict")["detail"].as_str().expect("a text").to_owned();
    assert!(detail.contains(id), "{detail}");
    assert_eq!((accepted.status().as_u16(), studio.request_count(&["export"])), (202, 1));

    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(id, "stored").await;
    world.submit_request(&video_request()).await;
    assert_eq!(studio.request_count(&["export"]), 2);
}
