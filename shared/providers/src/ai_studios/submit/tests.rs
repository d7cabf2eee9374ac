//! What each response means, and that no export is submitted twice.

mod creators;

use std::time::Duration;

use http::{Method, header};
use serde_json::{Map, json};

use super::*;
use crate::{Credentials, ai_studios::order};

const ID: &str = "66b1f0c2a9d3e84f57c10a2b";

fn submission(request: Value) -> ProjectSubmission {
    submission_of(Kind::Export, request, None, &Map::new())
}

/// A submission of this kind, or of its next request after one that was accepted as `provider_job_id`.
fn submission_of(
    kind: Kind,
    request: Value,
    provider_job_id: Option<&ProviderJobId>,
    provider_state: &Map<String, Value>,
) -> ProjectSubmission {
    let fields: Map<String, Value> = request.as_object().cloned().expect("an object");
    let order = order::read_order(kind.name(), fields).expect("a valid request");
    let callback_url = url::Url::parse("https://hooks.example.com/webhooks/ai_studios/j/t").expect("a URL");
    let context = SubmitContext {
        kind: kind.name(),
        request: &order.request,
        provider_job_id,
        provider_state,
        callback_url: &callback_url,
        api_url: "https://api.example.com",
        credentials: &Credentials::new(json!({ "app_id": "a", "user_key": "k" })),
    };
    ProjectSubmission::new(kind, &context, OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1000))
        .expect("credentials")
}

fn response(status: u16, body: &str) -> SendResult {
    Ok(http::Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .expect("a response"))
}

fn project() -> SendResult {
    response(
        200,
        r#"{"success":true,"data":{"project":{"backendTaskId":"bt-1","progress":100,"state":"exported"}}}"#,
    )
}

/// Drives a submission up to the response to its first request.
fn start(submission: &mut ProjectSubmission) {
    assert!(matches!(submission.start(), SubmitStep::Authorize { is_token_rejected: false }));
    let SubmitStep::Send(request) = submission.on_token(&Secret::new("h.c.s")) else {
        panic!("nothing is sent")
    };
    assert_eq!(request.headers()[header::AUTHORIZATION], "h.c.s");
    assert_eq!(request.method(), Method::GET);
}

/// Drives a submission up to the response to the export. Returns the request for the export.
fn start_export(submission: &mut ProjectSubmission) -> http::Request<Bytes> {
    start(submission);
    assert!(matches!(submission.on_response(project()), SubmitStep::StoreProviderState(_)));
    let SubmitStep::Send(request) = submission.on_stored() else { panic!("nothing is sent") };
    request
}

fn describe(step: SubmitStep) -> String {
    match step {
        SubmitStep::Send(request) => format!("sends {}", request.method()),
        SubmitStep::SendAfter { wait, .. } => format!("retried after {} s", wait.as_secs()),
        SubmitStep::Authorize { is_token_rejected: refused } => format!("another token: {refused}"),
        SubmitStep::StoreProviderState(notes) if notes.get("joined") == Some(&json!(true)) => "joins".into(),
        SubmitStep::StoreProviderState(_) => "stores".into(),
        SubmitStep::Download { .. } => "downloads".into(),
        SubmitStep::Accepted(provider_job_id) => format!("accepted as {provider_job_id}"),
        SubmitStep::Completed { .. } => "done".into(),
        SubmitStep::Rejected(error) => format!("rejected: {}", error.class.name()),
        SubmitStep::OutcomeUnknown(_) => "unknown".into(),
    }
}

fn error(code: u16, message: &str) -> String {
    json!({ "success": false, "error": { "code": code, "msg": message } }).to_string()
}

#[test]
fn a_snapshot_of_the_project_is_stored_before_the_export_is_requested() {
    let mut submission = submission(json!({ "project_id": ID, "workspace_id": "w1", "resolution": 720 }));
    start(&mut submission);
    let SubmitStep::StoreProviderState(notes) = submission.on_response(project()) else {
        panic!("nothing is stored")
    };
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
fn fields_that_the_order_lacks_are_not_sent() {
    let request = start_export(&mut submission(json!({ "project_id": ID })));
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    assert_eq!(body.as_object().expect("an object").keys().collect::<Vec<_>>(), ["projectId", "webhookUrl"]);
}

#[test]
fn each_response_to_the_export_has_one_meaning() {
    let accepted = format!("accepted as {ID}");
    for (result, expected) in [
        (response(200, r#"{"success":true,"data":{"projectId":"other"}}"#), "accepted as other"),
        (response(200, r#"{"success":true,"data":{}}"#), &*accepted),
        (response(200, r#"{"projectId":"other"}"#), "accepted as other"),
        (response(200, &error(4040, "none")), "rejected: ProviderRefusedRequest"),
        (response(404, &error(4040, "none")), "rejected: ProviderRefusedRequest"),
        (response(402, &error(1, "pay")), "rejected: ProviderQuota"),
        (response(200, &error(1, "not enough credits")), "rejected: ProviderQuota"),
        (response(403, &error(4030, "no")), "rejected: ProviderPlan"),
        (response(400, &error(4000, "bad")), "rejected: ProviderRefusedRequest"),
        (response(200, &error(7, "odd")), "rejected: ProviderRefusedRequest"),
        (response(409, &error(7, "running")), "joins"),
        (response(200, &error(7, "export already in progress")), "joins"),
        (response(401, &error(4010, "no")), "another token: true"),
        (response(429, &error(4290, "slow")), "retried after 30 s"),
        (response(200, &error(4290, "slow")), "retried after 30 s"),
        (response(408, ""), "unknown"),
        (response(500, &error(5000, "oops")), "unknown"),
        (response(500, &error(1, "token")), "unknown"),
        (response(503, ""), "unknown"),
        (response(200, "<html>"), "unknown"),
        (response(200, &error(5000, "oops")), "unknown"),
        (response(302, ""), "unknown"),
        (Err(SendFailure::NotSent), "retried after 1 s"),
        (Err(SendFailure::MaybeSent), "unknown"),
    ] {
        let mut submission = submission(json!({ "project_id": ID }));
        start_export(&mut submission);
        let shown = format!("{result:?}");
        assert_eq!(describe(submission.on_response(result)), expected, "{shown}");
    }
}

/// A response, and what it means for an export and for a project that is only tracked.
type ExpectedSteps = (fn() -> SendResult, &'static str, &'static str);

#[test]
fn each_response_about_the_project_has_one_meaning() {
    let responses: [ExpectedSteps; 8] = [
        (project, "stores", "joins"),
        (|| response(404, &error(4040, "none")), "stores", "rejected: ProviderRefusedRequest"),
        (|| response(403, &error(4030, "no")), "stores", "rejected: ProviderPlan"),
        (|| response(401, &error(4010, "no")), "another token: true", "another token: true"),
        (|| response(429, ""), "retried after 30 s", "retried after 30 s"),
        (|| response(500, ""), "retried after 1 s", "retried after 1 s"),
        (|| Err(SendFailure::MaybeSent), "retried after 1 s", "retried after 1 s"),
        (|| Err(SendFailure::NotSent), "retried after 1 s", "retried after 1 s"),
    ];
    for (result, exported, tracked) in responses {
        for (request, expected) in
            [(json!({ "project_id": ID }), exported), (json!({ "project_id": ID, "track": true }), tracked)]
        {
            let mut submission = submission(request);
            start(&mut submission);
            assert_eq!(describe(submission.on_response(result())), expected, "{:?}", result());
        }
    }
}

#[test]
fn a_rejected_token_is_replaced_once() {
    let mut submission = submission(json!({ "project_id": ID }));
    start_export(&mut submission);
    let no = || response(401, &error(4010, "no"));
    assert!(matches!(submission.on_response(no()), SubmitStep::Authorize { is_token_rejected: true }));
    let SubmitStep::Send(request) = submission.on_token(&Secret::new("new")) else {
        panic!("nothing is sent")
    };
    assert_eq!(
        (request.method(), &request.headers()[header::AUTHORIZATION]),
        (&Method::POST, &"new".parse().expect("a value"))
    );
    assert_eq!(describe(submission.on_response(no())), "rejected: ProviderCredentials");
}

#[test]
fn a_tracked_project_is_never_exported() {
    let mut tracked = submission(json!({ "project_id": ID, "track": true }));
    start(&mut tracked);
    assert_eq!(describe(tracked.on_response(project())), "joins");
    assert_eq!(describe(tracked.on_stored()), format!("accepted as {ID}"));
}

#[test]
fn a_submission_that_conflicts_with_a_running_export_joins_it() {
    let mut submission = submission(json!({ "project_id": ID }));
    start_export(&mut submission);
    assert_eq!(describe(submission.on_response(response(409, &error(7, "running")))), "joins");
    assert_eq!(describe(submission.on_stored()), format!("accepted as {ID}"));
}

#[test]
fn lasting_failures_submit_nothing() {
    let mut submission = submission(json!({ "project_id": ID }));
    start(&mut submission);
    for wait in [1, 2] {
        assert_eq!(
            describe(submission.on_response(response(502, "<html>"))),
            format!("retried after {wait} s")
        );
    }
    assert_eq!(describe(submission.on_response(response(502, "<html>"))), "rejected: ProviderUnavailable");
}
