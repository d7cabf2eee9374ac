//! Neither request of an automation is sent twice, whatever happens to its response or to the invocation that sends it.

use harness::until;
use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY,
    scripted_server::{PROJECT, Reply, ScriptedStudio, error_body},
    world,
};
use crate::world::{World, assert_problem, error_fields};

/// The calls that take documents.
const UPLOAD: &str = "/automation/docs-to-video/upload-files";
const DOCUMENTS: &str = "/automation/docs-to-video";

/// A world with a job whose project the provider makes.
async fn world_with_automation() -> (World, ScriptedStudio, String) {
    let (world, studio) = world().await;
    studio.reply_with("topic", [Reply::Data(json!({ "projectId": PROJECT, "automationJobId": "a" }))]);
    studio.reply_with("creation progress", [Reply::Data(json!({ "state": "creating", "progress": 10 }))]);
    let request = json!({ "provider": "ai_studios", "kind": "topic_to_video", "topic": "Spring" });
    let id = world.submit_request(&request).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    (world, studio, id)
}

fn finish_project(studio: &ScriptedStudio) {
    studio.reply_with("creation progress", [Reply::Data(json!({ "state": "finish", "progress": 100 }))]);
}

#[tokio::test]
async fn an_automation_whose_response_was_lost_is_not_requested_again() {
    let (world, studio) = world().await;
    studio.reply_with("topic", [Reply::Raw(502, "<html>".into())]);
    let request = json!({ "provider": "ai_studios", "kind": "topic_to_video", "topic": "Spring" });
    let id = world.submit_request(&request).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    finish_project(&studio);
    for _ in 0..2 {
        world.sweep(BEYOND_POLL_DELAY).await;
    }
    assert_eq!(world.job(&id).await["status"], "unknown", "the id of its project is not known");
    assert_eq!((studio.request_count(&["topic"]), studio.request_count(&["export"])), (1, 0));
}

#[tokio::test]
async fn an_export_whose_response_was_lost_is_found_and_not_requested_again() {
    let (world, studio, id) = world_with_automation().await;
    finish_project(&studio);
    studio.reply_with("export", [Reply::Raw(500, error_body(5000, "oops"))]);
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "unknown").await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "unknown", "no export is in progress yet");

    studio.set_progress(json!({ "progress": 3, "state": "exporting" }));
    world.sweep(BEYOND_POLL_DELAY).await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]), (&json!("submitted"), &Value::Null));
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!((studio.request_count(&["topic"]), studio.request_count(&["export"])), (1, 1));
}

#[tokio::test]
async fn an_export_interrupted_during_the_request_is_not_requested_again() {
    let (mut world, studio, id) = world_with_automation().await;
    finish_project(&studio);
    studio.reply_with("export", [Reply::Never]);
    world.sweep(BEYOND_POLL_DELAY).await;
    until("the export is requested", async || (studio.request_count(&["export"]) == 1).then_some(())).await;
    world.stack.pause_submissions();
    assert_eq!(world.job(&id).await["status"], "submitting");
    world.backdate_job(&id).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    world.stack.resume_submissions();
    studio.set_progress(json!({ "progress": 3, "state": "exporting" }));
    world.sweep(BEYOND_POLL_DELAY).await;
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!((studio.request_count(&["topic"]), studio.request_count(&["export"])), (1, 1));
}

#[tokio::test]
async fn an_export_interrupted_before_its_request_is_requested_later() {
    let (mut world, studio, id) = world_with_automation().await;
    finish_project(&studio);
    // The invocation ends while it reads the project, before it stores that it requests the export.
    studio.reply_with("project", [Reply::Never]);
    world.sweep(BEYOND_POLL_DELAY).await;
    until("the project is read", async || (studio.request_count(&["project"]) == 1).then_some(())).await;
    world.stack.pause_submissions();
    world.backdate_job(&id).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    studio.reply_with("project", [Reply::Data(json!({ "project": { "_id": PROJECT } }))]);
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "waiting");
    world.stack.resume_submissions();
    world.wait_for_status(&id, "submitted").await;
    assert_eq!((studio.request_count(&["topic"]), studio.request_count(&["export"])), (1, 1));
}

#[tokio::test]
async fn a_lost_message_between_the_requests_is_sent_again_by_the_sweep() {
    let (mut world, studio, id) = world_with_automation().await;
    finish_project(&studio);
    world.stack.pause_submissions();
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&id).await["status"], "waiting");
    world.purge_submissions_queue().await;
    world.sweep(BEYOND_POLL_DELAY).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    world.stack.resume_submissions();
    world.wait_for_status(&id, "submitted").await;
    world.wait_for_empty_submissions_queue().await;
    assert_eq!(studio.request_count(&["export"]), 1, "several messages are one request");
}

#[tokio::test]
async fn a_throttled_export_is_requested_when_the_provider_accepts_it() {
    let (world, studio, id) = world_with_automation().await;
    finish_project(&studio);
    studio.reply_with(
        "export",
        [Reply::WithHeader(429, "retry-after", "1"), Reply::Data(json!({ "projectId": PROJECT }))],
    );
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&id, "submitted").await;
    assert_eq!((studio.request_count(&["topic"]), studio.request_count(&["export"])), (1, 2));
}

#[tokio::test]
async fn documents_that_cannot_be_downloaded_are_named_and_nothing_is_uploaded() {
    let (world, studio) = world().await;
    let request = |url: String| json!({ "provider": "ai_studios", "kind": "docs_to_video", "documents": [{ "url": url, "name": "a.pdf" }] });
    studio.reply_with("file", [Reply::Raw(404, String::new())]);
    let gone = world.post(&request(format!("{}/a.pdf", studio.files)), &[]).await;
    let problem = assert_problem(&gone, 422, "source-gone");
    assert_eq!(error_fields(problem), ["documents[0].url"]);
    let inside = world.post(&request("https://169.254.169.254/latest/meta-data".into()), &[]).await;
    assert_problem(&inside, 422, "source-refused");
    assert_eq!(studio.request_count(&[UPLOAD, DOCUMENTS]), 0);
}

#[tokio::test]
async fn an_upload_is_repeated_and_the_request_for_its_project_is_not() {
    let (world, studio) = world().await;
    let uploaded = json!({ "uploadResults": [{ "uri": "1.pdf", "fileName": "a.pdf" }] });
    studio.reply_with(UPLOAD, [Reply::Raw(502, "<html>".into()), Reply::Data(uploaded)]);
    studio.reply_with(DOCUMENTS, [Reply::Raw(502, "<html>".into())]);
    let documents = json!([{ "url": format!("{}/a.pdf?X-Signature=s", studio.files) }]);
    let request = json!({ "provider": "ai_studios", "kind": "docs_to_video", "documents": documents });
    let id = world.submit_request(&request).await;
    assert_eq!(world.job(&id).await["status"], "unknown");
    assert_eq!((studio.request_count(&[UPLOAD]), studio.request_count(&[DOCUMENTS])), (2, 1));
    let sent = &studio.requests(DOCUMENTS)[0].body;
    assert_eq!(sent, &json!({ "files": [{ "uri": "1.pdf", "fileName": "a.pdf" }] }));
}
