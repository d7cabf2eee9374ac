//! The requests that make projects, and the export that follows them.

use super::*;

/// The body of the request of a kind, and its path.
fn wire(kind: Kind, request: Value) -> (String, Value) {
    let mut submission = submission_of(kind, request, None, &Map::new());
    assert!(matches!(submission.start(), SubmitStep::Authorize { is_token_rejected: false }));
    assert_eq!(describe(submission.on_token(&Secret::new("t"))), "stores", "before the request");
    let SubmitStep::Send(request) = submission.on_stored() else { panic!("nothing is sent") };
    let path = request.uri().path().trim_start_matches("/api/odin/v3").to_owned();
    let mut body: Value = serde_json::from_slice(request.body()).expect("JSON");
    if let Some(url) = body.as_object_mut().expect("an object").remove("webhookUrl") {
        assert!(url.as_str().is_some_and(|url| url.starts_with("https://hooks.example.com/")));
        assert_eq!(body["isExport"], true, "a kind with a callback renders");
    }
    (path, body)
}

#[test]
fn requests_that_make_a_video_always_say_that_it_is_exported() {
    let scenes = json!([{ "sceneIdx": 0, "clips": [] }]);
    let (path, body) = wire(
        Kind::CreateProject,
        json!({ "name": "Spring", "orientation": "portrait", "scenes": scenes, "workspace_id": "w1", "resolution": 720 }),
    );
    let expected = json!({
        "name": "Spring", "orientation": "portrait", "scenes": scenes, "workspaceId": "w1", "resolution": "720",
        "isExport": true,
    });
    assert_eq!((path.as_str(), body), ("/editor/project", expected));
    let spoken = json!({ "language": "en", "text": "Hi", "model": "m", "clothes": "c" });
    let (path, body) = wire(Kind::SimpleVideo, spoken);
    let expected = json!({ "language": "en", "text": "Hi", "model": "m", "clothes": "c", "isExport": true });
    assert_eq!((path.as_str(), body), ("/simple/video", expected));
    let (path, body) = wire(Kind::CustomVideo, json!({ "language": "en", "text": "Hi", "model": "m" }));
    let expected = json!({ "language": "en", "text": "Hi", "model": "m", "isExport": true });
    assert_eq!((path.as_str(), body), ("/simple/custom", expected));
}

#[test]
fn automations_get_their_input_and_options_and_nothing_of_the_later_export() {
    let options = json!({
        "script_option": "original", "use_generative_high_quality": true, "media": "generative", "template_id": "t",
        "voice_only": false, "duration": 60,
    });
    let request =
        json!({ "scripts": "Spring.", "options": options, "resolution": "720", "workspace_id": "w1" });
    let expected = json!({ "scripts": "Spring.", "options": {
        "scriptOption": "original", "useGenerativeHighQuality": true, "media": "generative", "templateId": "t",
        "voiceOnly": false, "duration": 60,
    } });
    assert_eq!(wire(Kind::ScriptsToVideo, request), ("/automation/scripts_to_video".into(), expected));
    let topic = json!({ "topic": "Spring" });
    assert_eq!(wire(Kind::TopicToVideo, topic.clone()), ("/automation/topic_to_video".into(), topic));
    let url = json!({ "url": "https://www.example.com/a" });
    assert_eq!(wire(Kind::UrlToVideo, url.clone()), ("/automation/url_to_video".into(), url));
}

#[test]
fn a_changed_project_is_read_before_and_never_joins_a_running_export() {
    let update = json!({ "scene_idx": 1, "type": "aiModel", "values": { "script": "New" } });
    let request = json!({ "project_id": ID, "updates": [update] });
    let mut submission = submission_of(Kind::EditProject, request, None, &Map::new());
    let sent = start_export(&mut submission);
    assert_eq!(sent.uri().path(), format!("/api/odin/v3/editor/project/{ID}"));
    let body: Value = serde_json::from_slice(sent.body()).expect("JSON");
    let value = json!([{ "sceneIdx": 1, "type": "aiModel", "values": { "script": "New" } }]);
    assert_eq!((&body["updates"], &body["isExport"]), (&json!({ "value": value }), &json!(true)));
    let conflict = response(409, &error(7, "running"));
    assert_eq!(describe(submission.on_response(conflict)), "rejected: ProviderConflict");
}

#[test]
fn a_new_project_without_an_id_cannot_be_polled_so_its_outcome_is_unknown() {
    let spoken = json!({ "language": "en", "text": "Hi", "model": "m" });
    for (result, expected) in [
        (response(200, r#"{"success":true,"data":{"projectId":"p1","taskId":"t"}}"#), "accepted as p1"),
        (response(200, r#"{"success":true,"data":{}}"#), "unknown"),
        (response(500, ""), "unknown"),
        (Err(SendFailure::MaybeSent), "unknown"),
        (Err(SendFailure::NotSent), "retried after 1 s"),
        (response(409, &error(7, "running")), "rejected: ProviderConflict"),
        (response(402, &error(1, "pay")), "rejected: ProviderQuota"),
    ] {
        let mut submission = submission_of(Kind::CustomVideo, spoken.clone(), None, &Map::new());
        submission.start();
        submission.on_token(&Secret::new("t"));
        submission.on_stored();
        let shown = format!("{result:?}");
        assert_eq!(describe(submission.on_response(result)), expected, "{shown}");
    }
}

#[test]
fn the_export_after_an_automation_replaces_what_was_stored_about_it() {
    let automation = json!({
        "asked_at": 1, "creating": true, "percent": 100, "state": "finish", "changed_at": 5, "snapshot": {},
    });
    let stored = automation.as_object().cloned().expect("an object");
    let request = json!({ "topic": "Spring", "resolution": "720", "workspace_id": "w1" });
    let made = ProviderJobId::new(ID);
    let mut submission = submission_of(Kind::TopicToVideo, request, Some(&made), &stored);
    start(&mut submission);
    let snapshot = response(200, r#"{"success":true,"data":{"project":{"state":"finish"}}}"#);
    let SubmitStep::StoreProviderState(changed) = submission.on_response(snapshot) else {
        panic!("nothing is stored")
    };
    let (none, no) = (Value::Null, json!(false));
    for (name, value) in [("creating", &no), ("percent", &none), ("state", &none), ("changed_at", &none)] {
        assert_eq!(changed.get(name), Some(value), "{name}");
    }
    assert_eq!(changed["asked_at"], 1000);
    let SubmitStep::Send(sent) = submission.on_stored() else { panic!("nothing is sent") };
    assert_eq!(sent.uri().path(), "/api/odin/v3/editor/project/export");
    let body: Value = serde_json::from_slice(sent.body()).expect("JSON");
    assert_eq!(
        (&body["projectId"], &body["resolution"], &body["workspaceId"]),
        (&json!(ID), &json!("720"), &json!("w1"))
    );
    let SubmitStep::Rejected(refusal) = submission.on_response(response(402, &error(1, "pay"))) else {
        panic!("it is accepted")
    };
    assert!(refusal.message.contains(ID), "{}", refusal.message);
}

/// The responses about a tracked project, an automation and an export, and the last step.
type TrackedSteps = (&'static str, fn() -> SendResult, fn() -> SendResult, &'static str);

#[test]
fn a_tracked_project_that_an_automation_makes_and_nobody_exports_is_rejected_by_name() {
    let none: fn() -> SendResult = || response(404, &error(4040, "none"));
    let made: fn() -> SendResult =
        || response(200, r#"{"success":true,"data":{"state":"building audio","progress":50}}"#);
    let idle: fn() -> SendResult = || response(200, r#"{"success":true,"data":{"progress":0}}"#);
    let busy: fn() -> SendResult = || response(200, r#"{"success":true,"data":{"progress":3}}"#);
    let steps: [TrackedSteps; 6] = [
        (r#"{"backendTaskId":"bt"}"#, made, idle, "joins"),
        ("{}", none, idle, "joins"),
        ("{}", || response(500, ""), idle, "joins"),
        ("{}", made, busy, "joins"),
        ("{}", made, idle, "rejected: ProviderConflict"),
        ("{}", made, none, "rejected: ProviderConflict"),
    ];
    for (project, creation, progress, expected) in steps {
        let mut tracked = submission(json!({ "project_id": ID, "track": true }));
        start(&mut tracked);
        let body = format!(r#"{{"success":true,"data":{{"project":{project}}}}}"#);
        let mut step = tracked.on_response(response(200, &body));
        for result in [creation(), progress()] {
            if let SubmitStep::Send(request) = &step {
                assert_eq!(request.method(), Method::GET);
                step = tracked.on_response(result);
            }
        }
        if let SubmitStep::Rejected(error) = &step {
            assert_eq!(error.violations[0].field, "export");
            assert!(error.message.contains("building audio, 50 %"), "{}", error.message);
        }
        assert_eq!(describe(step), expected, "{project}");
    }
}

#[test]
fn a_tracked_project_with_export_is_exported_by_a_later_submission_unless_somebody_did() {
    let request = json!({ "project_id": ID, "track": true, "export": true });
    let mut tracked = submission(request.clone());
    start(&mut tracked);
    let unexported = || response(200, r#"{"success":true,"data":{"project":{}}}"#);
    let SubmitStep::StoreProviderState(stored) = tracked.on_response(unexported()) else {
        panic!("nothing is stored")
    };
    assert_eq!(stored["creating"], true);
    assert_eq!(describe(tracked.on_stored()), format!("accepted as {ID}"));
    let id = ProviderJobId::new(ID);
    let mut continued = submission_of(Kind::Export, request.clone(), Some(&id), &stored);
    start(&mut continued);
    assert_eq!(describe(continued.on_response(unexported())), "stores");
    assert_eq!(describe(continued.on_stored()), "sends POST");
    let mut joined = submission_of(Kind::Export, request, Some(&id), &stored);
    start(&mut joined);
    assert_eq!(describe(joined.on_response(project())), "joins");
    assert_eq!(describe(joined.on_stored()), format!("accepted as {ID}"));
}
