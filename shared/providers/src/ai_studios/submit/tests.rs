//! What each answer means, and that no export is asked for twice.

use std::time::Duration;

use http::{Method, header};
use serde_json::{Map, json};

use super::*;
use crate::{Credentials, ai_studios::order};

const ID: &str = "66b1f0c2a9d3e84f57c10a2b";

fn submission(request: Value) -> Submission {
    let fields: Map<String, Value> = request.as_object().cloned().expect("an object");
    let order = order::read(order::EXPORT, fields).expect("a good request");
    let callback_url = url::Url::parse("https://hooks.example.com/webhooks/ai_studios/j/t").expect("a URL");
    let call = SubmitContext {
        kind: order::EXPORT,
        request: &order.request,
        callback_url: &callback_url,
        api_url: "https://api.example.com",
        credentials: &Credentials::new(json!({ "app_id": "a", "user_key": "k" })),
    };
    Submission::new(&call, OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1000)).expect("credentials")
}

fn said(status: u16, body: &str) -> SendResult {
    Ok(http::Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .expect("a response"))
}

fn project() -> SendResult {
    said(
        200,
        r#"{"success":true,"data":{"project":{"backendTaskId":"bt-1","progress":100,"state":"exported"}}}"#,
    )
}

/// Brings a conversation to the answer of its first request.
fn begun(submission: &mut Submission) {
    assert!(matches!(submission.start(), SubmitStep::Authorize { refused: false }));
    let SubmitStep::Send(request) = submission.on_token(&Secret::new("h.c.s")) else {
        panic!("nothing is sent")
    };
    assert_eq!(request.headers()[header::AUTHORIZATION], "h.c.s");
    assert_eq!(request.method(), Method::GET);
}

/// Brings a conversation to the answer of the export, and returns the request for it.
fn at_export(submission: &mut Submission) -> http::Request<Bytes> {
    begun(submission);
    assert!(matches!(submission.on_response(project()), SubmitStep::Store(_)));
    let SubmitStep::Send(request) = submission.on_stored() else { panic!("nothing is sent") };
    request
}

fn meaning(step: SubmitStep) -> String {
    match step {
        SubmitStep::Send(request) => format!("sends {}", request.method()),
        SubmitStep::SendAfter { wait, .. } => format!("again after {} s", wait.as_secs()),
        SubmitStep::Authorize { refused } => format!("another token: {refused}"),
        SubmitStep::Store(notes) if notes.get("joined") == Some(&json!(true)) => "joins".into(),
        SubmitStep::Store(_) => "remembers".into(),
        SubmitStep::Accepted(provider_job_id) => format!("accepted as {provider_job_id}"),
        SubmitStep::Done { .. } => "done".into(),
        SubmitStep::Refused(error) => format!("refused: {}", error.class.name()),
        SubmitStep::OutcomeUnknown(_) => "unknown".into(),
    }
}

fn error(code: u16, message: &str) -> String {
    json!({ "success": false, "error": { "code": code, "msg": message } }).to_string()
}

#[test]
fn the_project_is_remembered_before_its_export_is_asked_for() {
    let mut submission = submission(json!({ "project_id": ID, "workspace_id": "w1", "resolution": 720 }));
    begun(&mut submission);
    let SubmitStep::Store(notes) = submission.on_response(project()) else { panic!("nothing is remembered") };
    assert_eq!((&notes["asked_at"], &notes["snapshot"]["backend_task_id"]), (&json!(1000), &json!("bt-1")));
    let SubmitStep::Send(request) = submission.on_stored() else { panic!("nothing is sent") };
    assert_eq!(
        (request.method(), request.uri().path()),
        (&Method::POST, "/api/odin/v3/editor/project/export")
    );
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    let url = "https://hooks.example.com/webhooks/ai_studios/j/t";
    let expected = json!({ "projectId": ID, "workspaceId": "w1", "resolution": "720", "webhookUrl": url });
    assert_eq!(body, expected);
}

#[test]
fn what_was_not_said_is_not_sent() {
    let request = at_export(&mut submission(json!({ "project_id": ID })));
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    assert_eq!(body.as_object().expect("an object").keys().collect::<Vec<_>>(), ["projectId", "webhookUrl"]);
}

#[test]
fn each_answer_to_the_export_has_one_meaning() {
    let accepted = format!("accepted as {ID}");
    for (given, expected) in [
        (said(200, r#"{"success":true,"data":{"projectId":"other"}}"#), "accepted as other"),
        (said(200, r#"{"success":true,"data":{}}"#), &*accepted),
        (said(200, r#"{"projectId":"other"}"#), "accepted as other"),
        (said(200, &error(4040, "none")), "refused: ProviderRefusedRequest"),
        (said(404, &error(4040, "none")), "refused: ProviderRefusedRequest"),
        (said(402, &error(1, "pay")), "refused: ProviderQuota"),
        (said(200, &error(1, "not enough credits")), "refused: ProviderQuota"),
        (said(403, &error(4030, "no")), "refused: ProviderPlan"),
        (said(400, &error(4000, "bad")), "refused: ProviderRefusedRequest"),
        (said(200, &error(7, "odd")), "refused: ProviderRefusedRequest"),
        (said(409, &error(7, "running")), "joins"),
        (said(200, &error(7, "export already in progress")), "joins"),
        (said(401, &error(4010, "no")), "another token: true"),
        (said(429, &error(4290, "slow")), "again after 30 s"),
        (said(200, &error(4290, "slow")), "again after 30 s"),
        (said(408, ""), "unknown"),
        (said(500, &error(5000, "oops")), "unknown"),
        (said(500, &error(1, "token")), "unknown"),
        (said(503, ""), "unknown"),
        (said(200, "<html>"), "unknown"),
        (said(200, &error(5000, "oops")), "unknown"),
        (said(302, ""), "unknown"),
        (Err(SendFailure::NotSent), "again after 1 s"),
        (Err(SendFailure::MaybeSent), "unknown"),
    ] {
        let mut submission = submission(json!({ "project_id": ID }));
        at_export(&mut submission);
        let shown = format!("{given:?}");
        assert_eq!(meaning(submission.on_response(given)), expected, "{shown}");
    }
}

/// An answer, and what it means to an export and to a project that is only tracked.
type Meanings = (fn() -> SendResult, &'static str, &'static str);

#[test]
fn each_answer_about_the_project_has_one_meaning() {
    let answers: [Meanings; 8] = [
        (project, "remembers", "joins"),
        (|| said(404, &error(4040, "none")), "remembers", "refused: ProviderRefusedRequest"),
        (|| said(403, &error(4030, "no")), "remembers", "refused: ProviderPlan"),
        (|| said(401, &error(4010, "no")), "another token: true", "another token: true"),
        (|| said(429, ""), "again after 30 s", "again after 30 s"),
        (|| said(500, ""), "again after 1 s", "again after 1 s"),
        (|| Err(SendFailure::MaybeSent), "again after 1 s", "again after 1 s"),
        (|| Err(SendFailure::NotSent), "again after 1 s", "again after 1 s"),
    ];
    for (answer, exported, tracked) in answers {
        for (request, expected) in
            [(json!({ "project_id": ID }), exported), (json!({ "project_id": ID, "track": true }), tracked)]
        {
            let mut submission = submission(request);
            begun(&mut submission);
            assert_eq!(meaning(submission.on_response(answer())), expected, "{:?}", answer());
        }
    }
}

#[test]
fn a_token_is_refused_once_and_then_for_good() {
    let mut submission = submission(json!({ "project_id": ID }));
    at_export(&mut submission);
    let no = || said(401, &error(4010, "no"));
    assert!(matches!(submission.on_response(no()), SubmitStep::Authorize { refused: true }));
    let SubmitStep::Send(request) = submission.on_token(&Secret::new("new")) else {
        panic!("nothing is sent")
    };
    assert_eq!(
        (request.method(), &request.headers()[header::AUTHORIZATION]),
        (&Method::POST, &"new".parse().expect("a value"))
    );
    assert_eq!(meaning(submission.on_response(no())), "refused: ProviderCredentials");
}

#[test]
fn a_tracked_project_is_never_exported() {
    let mut tracked = submission(json!({ "project_id": ID, "track": true }));
    begun(&mut tracked);
    assert_eq!(meaning(tracked.on_response(project())), "joins");
    assert_eq!(meaning(tracked.on_stored()), format!("accepted as {ID}"));
}

#[test]
fn a_running_export_is_waited_for_instead() {
    let mut submission = submission(json!({ "project_id": ID }));
    at_export(&mut submission);
    assert_eq!(meaning(submission.on_response(said(409, &error(7, "running")))), "joins");
    assert_eq!(meaning(submission.on_stored()), format!("accepted as {ID}"));
}

#[test]
fn trouble_that_lasts_leaves_nothing_submitted() {
    let mut submission = submission(json!({ "project_id": ID }));
    begun(&mut submission);
    for wait in [1, 2] {
        assert_eq!(meaning(submission.on_response(said(502, "<html>"))), format!("again after {wait} s"));
    }
    assert_eq!(meaning(submission.on_response(said(502, "<html>"))), "refused: ProviderUnavailable");
}
