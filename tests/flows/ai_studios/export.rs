//! An export is asked for once, whatever becomes of the answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    LATER, PROJECT,
    scripted_server::{self, Says, refusal},
    video, world,
};
use crate::world::problem;

#[tokio::test]
async fn s01_a_video_goes_from_request_to_bucket_without_any_callback() {
    let (world, studio) = world().await;
    studio.says(
        "project",
        [Says::Data(json!({ "project": {} })), Says::Data(json!({ "project": { "backendTaskId": "bt-1" } }))],
    );
    let request = json!({
        "provider": "ai_studios", "kind": "export", "project_id": PROJECT, "workspace_id": "w1", "resolution": 720,
    });
    let id = world.taken_up(&request).await;
    assert_eq!(world.job(&id).await["provider_job_id"], PROJECT);
    let exports = studio.asked("export");
    let sent = &exports[0].body;
    assert_eq!((&sent["resolution"], &sent["workspaceId"]), (&json!("720"), &json!("w1")));
    assert!(exports[0].token.as_ref().is_some_and(|token| token.starts_with("token1.")), "sent bare");

    studio.progresses(json!({ "progress": 37.25, "state": "exporting" }));
    world.sweep(LATER).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("rendering"), &json!(37.25)));

    studio.is_done();
    world.sweep(LATER).await;
    let job = world.ends(&id, "stored").await;
    let manifest = world.manifest(&job).await;
    let file = &manifest["files"][0];
    assert_eq!((&file["name"], &file["content_type"]), (&json!("spring.mp4"), &json!("video/mp4")));
    let details = json!({ "project_id": PROJECT, "resolution": "720", "backend_task_id": "bt-1" });
    assert_eq!(file["details"], details);
    assert!(
        world.object(file["key"].as_str().expect("a key")).await == scripted_server::video(),
        "other bytes came"
    );
    assert!(studio.asked("file").iter().all(|asked| asked.token.is_none()), "the token went to the files");
    assert_eq!(studio.count(&["export"]), 1);
}

#[tokio::test]
async fn s15_an_export_whose_answer_was_lost_is_found_and_not_asked_for_again() {
    let (world, studio) = world().await;
    studio.says("project", [Says::Data(json!({ "project": { "backendTaskId": "bt-1", "progress": 100 } }))]);
    studio.says("export", [Says::Nothing]);
    let id = world.taken_up(&video()).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    studio.progresses(json!({ "progress": 100, "downloadUrl": studio.video() }));
    world.sweep(LATER).await;
    assert_eq!(world.job(&id).await["status"], "unknown", "that is the earlier export");

    studio.says("project", [Says::Data(json!({ "project": { "backendTaskId": "bt-2", "progress": 3 } }))]);
    world.sweep(LATER).await;
    let job = world.job(&id).await;
    assert_eq!(
        (&job["status"], &job["provider_job_id"], &job["error"]),
        (&json!("submitted"), &json!(PROJECT), &Value::Null)
    );
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(studio.count(&["export"]), 1);
}

#[tokio::test]
async fn s16_an_export_that_never_began_expires_and_is_not_asked_for_again() {
    let (world, studio) = world().await;
    studio.says("export", [Says::Raw(500, refusal(5000, "oops"))]);
    let id = world.taken_up(&video()).await;
    world.sweep(LATER).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    world.ages(&id, Duration::from_secs(3600)).await;
    world.sweep(LATER).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("expired"), &json!("ProviderSilent")));
    assert_eq!(studio.count(&["export"]), 1);
}

#[tokio::test]
async fn s17_refusals_are_told_by_their_kind() {
    let (world, studio) = world().await;
    for (status, body, answered, kind) in [
        (402, refusal(1, "pay"), 429, "provider-quota"),
        (200, refusal(1, "not enough credits"), 429, "provider-quota"),
        (403, refusal(4030, "not yours"), 403, "provider-plan"),
        (200, refusal(4040, "project does not exist"), 422, "provider-refused-request"),
        (400, refusal(4000, "bad resolution"), 422, "provider-refused-request"),
    ] {
        studio.says("export", [Says::Raw(status, body)]);
        problem(&world.post(&video(), &[]).await, answered, kind);
    }
    assert_eq!(studio.count(&["export"]), 5, "each was asked for once");
}

#[tokio::test]
async fn s18_the_id_that_the_provider_returns_is_asked_about_and_ours_if_it_is_unknown() {
    let (world, studio) = world().await;
    studio.says("export", [Says::Data(json!({ "projectId": "other" }))]);
    let id = world.taken_up(&video()).await;
    world.sweep(LATER).await;
    assert!(studio.asked("progress")[0].path.ends_with("/other"));
    world.ages(&id, Duration::from_secs(60)).await;
    let done = json!({ "progress": 100, "downloadUrl": studio.video() });
    studio.says("progress", [Says::Raw(404, refusal(4040, "none")), Says::Data(done)]);
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert!(studio.asked("progress")[2].path.ends_with(PROJECT));
}

#[tokio::test]
async fn s19_the_end_of_an_earlier_export_is_not_taken_for_this_one() {
    let (world, studio) = world().await;
    let old = format!("{}/export/old.mp4", studio.files);
    let before =
        json!({ "backendTaskId": "bt-1", "progress": 100, "state": "exported", "download_url": old });
    studio.says("project", [Says::Data(json!({ "project": before }))]);
    let id = world.taken_up(&video()).await;
    studio.progresses(json!({ "progress": 100, "state": "exported", "downloadUrl": old }));
    for _ in 0..2 {
        world.sweep(LATER).await;
        assert_eq!(world.job(&id).await["status"], "submitted");
    }
    assert_eq!(studio.count(&["file"]), 0);
    studio.progresses(json!({ "progress": 5, "state": "exporting" }));
    world.sweep(LATER).await;
    studio.is_done();
    world.sweep(LATER).await;
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["files"][0]["name"], "spring.mp4");
}

#[tokio::test]
async fn a_tracked_project_is_waited_for_and_never_exported() {
    let (world, studio) = world().await;
    let mut request = video();
    request["track"] = json!(true);
    let id = world.taken_up(&request).await;
    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(studio.count(&["export"]), 0);
    studio.says("project", [Says::Raw(404, refusal(4040, "none"))]);
    let refused = world.post(&request, &[]).await;
    let problem = problem(&refused, 422, "provider-refused-request");
    assert_eq!(problem["errors"][0]["field"], "project_id");
}

#[tokio::test]
async fn a_running_export_of_somebody_else_is_waited_for_instead() {
    let (world, studio) = world().await;
    studio.says("export", [Says::Raw(409, refusal(7, "export already in progress"))]);
    let id = world.taken_up(&video()).await;
    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&id, "stored").await;
    assert_eq!(studio.count(&["export"]), 1);
}

#[tokio::test]
async fn one_export_of_a_project_at_a_time() {
    let (world, studio) = world().await;
    let both = [video(), video()];
    let (one, other) = tokio::join!(world.post(&both[0], &[]), world.post(&both[1], &[]));
    let (taken, refused) = if one.status() == 202 { (one, other) } else { (other, one) };
    let id = taken.body()["job_id"].as_str().expect("an id");
    let detail = problem(&refused, 409, "provider-conflict")["detail"].as_str().expect("a text").to_owned();
    assert!(detail.contains(id), "{detail}");
    assert_eq!((taken.status().as_u16(), studio.count(&["export"])), (202, 1));

    studio.is_done();
    world.sweep(LATER).await;
    world.ends(id, "stored").await;
    world.taken_up(&video()).await;
    assert_eq!(studio.count(&["export"]), 2);
}
