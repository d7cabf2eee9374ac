//! What the responses to polls of projects mean that the provider makes.

use super::*;

/// A job whose project an automation makes, as `request` asks for.
fn automation_job(request: Value, stored: Value) -> Job {
    let mut automation = job(Some(ID), json!({ "creating": true }));
    (automation.kind, automation.request) = (Kind::TopicToVideo.name().into(), request);
    if automation.request.get("track").is_some() {
        automation.kind = Kind::Export.name().into();
    }
    automation.provider_state.extend(stored.as_object().cloned().expect("an object"));
    automation
}

fn creation(status: u16, body: Value) -> (&'static str, u16, Value) {
    ("/api/odin/v3/automation/progress", status, body)
}

fn creation_progress(fields: Value) -> (&'static str, u16, Value) {
    creation(200, json!({ "success": true, "data": fields }))
}

#[test]
fn an_automation_is_finished_only_by_both_of_its_documented_signs() {
    let topic = || automation_job(json!({ "topic": "Spring" }), json!({}));
    for (fields, meaning) in [
        (json!({ "state": "finish", "progress": 100 }), "phase finished"),
        (json!({ "state": " Finish", "progress": "100%" }), "phase finished"),
        (json!({ "state": "finish", "progress": 90 }), "working Some(90.0)"),
        (json!({ "state": "building audio", "progress": 100 }), "working Some(100.0)"),
        (json!({ "progress": 100 }), "working Some(100.0)"),
        (json!({ "state": "exported", "progress": 100, "downloadUrl": VIDEO }), "working Some(100.0)"),
        (json!({}), "working None"),
        (
            json!({ "state": "error", "progress": 40, "error": { "code": 9, "msg": "no voice" } }),
            "failed AI Studios' automation ended as error at 40 %: no voice (9)",
        ),
    ] {
        let (step, requests) = poll(&topic(), 100, &[creation_progress(fields.clone())]);
        assert_eq!((describe(&step).as_str(), requests.len()), (meaning, 1), "{fields}");
    }
}

#[test]
fn an_automation_that_does_not_progress_is_reported_with_its_state() {
    let stored = json!({ "state": "building audio", "percent": 50.0, "changed_at": REQUESTED_AT + 10 });
    let stalled = automation_job(json!({ "topic": "Spring" }), stored);
    let same = || [creation_progress(json!({ "state": "building audio", "progress": 50 }))];
    assert_eq!(describe(&poll(&stalled, 1809, &same()).0), "working Some(50.0)");
    let ended = describe(&poll(&stalled, 1810, &same()).0);
    assert!(ended.starts_with("failed stalled at building audio, 50 %"), "{ended}");
    assert_eq!(describe(&poll(&stalled, 3600, &[]).0), "expired");
    let late = [creation_progress(json!({ "state": "finish", "progress": 100 }))];
    assert_eq!(describe(&poll(&stalled, 9000, &late).0), "phase finished", "an operator polled again");
}

#[test]
fn a_tracked_project_without_an_automation_needs_none_to_finish() {
    let tracked = || automation_job(json!({ "project_id": ID, "track": true, "export": true }), json!({}));
    let made = || automation_job(json!({ "topic": "Spring" }), json!({}));
    let no =
        |status: u16| [creation(status, json!({ "success": false, "error": { "code": 7, "msg": "no" } }))];
    assert_eq!(describe(&poll(&tracked(), 59, &no(404)).0), "working None");
    for (status, elsewhere) in [(404, "phase finished"), (400, "phase finished"), (401, "working None")] {
        assert_eq!(describe(&poll(&tracked(), 60, &no(status)).0), elsewhere, "{status}");
        assert_eq!(describe(&poll(&made(), 60, &no(status)).0), "working None", "{status}");
    }
    assert_eq!(describe(&poll(&tracked(), 60, &no(500)).0), "no result: ProviderUnavailable");
}

#[test]
fn an_export_whose_response_was_lost_is_found_by_its_start_whatever_came_before() {
    let mut unknown = automation_job(json!({ "topic": "Spring" }), json!({ "creating": false }));
    unknown.status = model::JobStatus::Unknown;
    let idle = [progress(json!({ "progress": 0 })), project(json!({}))];
    assert_eq!(describe(&poll(&unknown, 100, &idle).0), "working None");
    let started = [progress(json!({ "progress": 3 })), project(json!({}))];
    assert_eq!(describe(&poll(&unknown, 100, &started).0), "found 66b1");
}

#[test]
fn a_made_project_is_polled_by_the_returned_id_and_without_one_not_at_all() {
    let mut spoken = job(Some(ID), json!({}));
    (spoken.kind, spoken.request) = (Kind::CustomVideo.name().into(), json!({ "text": "Hi" }));
    let done = [progress(json!({ "progress": 100, "downloadUrl": VIDEO })), project(json!({}))];
    assert_eq!(describe(&poll(&spoken, 100, &done).0), format!("finished {VIDEO}"));
    spoken.provider_job_id = None;
    let credentials = Credentials::new(json!({ "app_id": "a", "user_key": "k" }));
    let access = ApiAccess { api_url: "https://api.example", credentials: &credentials };
    assert!(ProjectPoll::new(&access, &spoken, OffsetDateTime::UNIX_EPOCH).expect("keys").is_none());
}

#[test]
fn a_changed_project_is_never_looked_for_under_the_id_of_the_unchanged_one() {
    let mut edited = job(Some(OTHER), json!({}));
    edited.kind = Kind::EditProject.name().into();
    let responses = [
        error_response("progress/77c2", 404, 4040),
        error_response("project/77c2", 404, 4040),
        progress(json!({ "progress": 100, "downloadUrl": VIDEO })),
    ];
    let (step, requests) = poll(&edited, 100, &responses);
    assert!(describe(&step).starts_with("not found"), "{}", describe(&step));
    assert_eq!(requests, ["progress/77c2", "project/77c2"]);
}
