//! What each answer to an export POST means, and what may be sent again.

use serde_json::{Map, Value, json};

use super::{
    super::order::{EXPORT, read as read_order},
    *,
};
use crate::Credentials;

fn submission() -> Submission {
    let order = read_order(EXPORT, fields(json!({ "banner_ids": [ID] }))).expect("a good request");
    let callback_url = url::Url::parse("https://hooks.example.com/webhooks/abyssale/j/t").expect("a URL");
    Submission::new(&SubmitContext {
        kind: EXPORT,
        request: &order.request,
        callback_url: &callback_url,
        api_url: "https://api.example.com",
        credentials: &Credentials::new(json!({ "api_key": "key" })),
    })
    .expect("credentials")
}

const ID: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn answer(status: u16, retry_after: Option<&str>, body: &str) -> SendResult {
    let mut response = http::Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    Ok(response.body(Bytes::copy_from_slice(body.as_bytes())).expect("a response"))
}

/// The class of the end that a single answer leads to.
fn end(answer: SendResult) -> String {
    let mut submission = submission();
    submission.start();
    match submission.on_response(answer) {
        SubmitStep::Send(_) => "sent again".into(),
        SubmitStep::SendAfter { wait, .. } => format!("sent again after {} s", wait.as_secs_f64()),
        SubmitStep::Authorize { .. } => "a token is wanted".into(),
        SubmitStep::Store(notes) => format!("remembers {notes:?}"),
        SubmitStep::Accepted(provider_job_id) => format!("accepted as {provider_job_id}"),
        SubmitStep::Done { provider_job_id, outcome } => format!("done as {provider_job_id}: {outcome:?}"),
        SubmitStep::Refused(error) => format!("refused: {}", error.class.name()),
        SubmitStep::OutcomeUnknown(_) => "unknown".into(),
    }
}

#[test]
fn the_request_is_the_one_of_the_contract() {
    let SubmitStep::Send(request) = submission().start() else { panic!("nothing is sent") };
    assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/async/banners/export"));
    assert_eq!(request.headers()["x-api-key"], "key");
    assert!(request.headers()["x-api-key"].is_sensitive());
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    assert_eq!(
        body,
        json!({ "ids": [ID], "callback_url": "https://hooks.example.com/webhooks/abyssale/j/t" })
    );
}

#[test]
fn each_answer_has_one_meaning() {
    let quota = r#"{"id":"rate_limit_exceeded","message":"x"}"#;
    for (given, meaning) in [
        (answer(200, None, r#"{"export_id":"e","version":"v"}"#), "accepted as e"),
        (answer(201, None, r#"{"export_id":"e"}"#), "accepted as e"),
        (answer(200, None, "{}"), "unknown"),
        (answer(200, None, "<html>"), "unknown"),
        (answer(302, None, ""), "unknown"),
        (answer(400, None, r#"{"id":"invalid_payload","message":"x"}"#), "refused: ProviderRefusedRequest"),
        (answer(401, None, r#"{"id":"unauthorized","message":"x"}"#), "refused: ProviderCredentials"),
        (answer(401, None, r#"{"id":"api_access_denied","message":"x"}"#), "refused: ProviderPlan"),
        (answer(402, None, ""), "refused: ProviderQuota"),
        (answer(403, None, ""), "refused: ProviderCredentials"),
        (answer(404, None, r#"{"id":"visual_not_found","message":"x"}"#), "refused: ProviderRefusedRequest"),
        (answer(408, None, ""), "unknown"),
        (answer(422, None, ""), "refused: ProviderRefusedRequest"),
        (answer(429, Some("27"), r#"{"id":"request_rate_limited"}"#), "sent again after 27 s"),
        (answer(429, Some("1.5"), ""), "sent again after 1.5 s"),
        (answer(429, Some("soon"), quota), "sent again after 1 s"),
        (answer(429, None, quota), "sent again after 1 s"),
        (answer(429, Some("27"), r#"{"id":"feature_not_in_plan"}"#), "refused: ProviderPlan"),
        (answer(500, None, ""), "unknown"),
        (answer(503, Some("5"), ""), "unknown"),
        (answer(504, None, "<html>"), "unknown"),
        (Err(SendFailure::NotSent), "sent again after 1 s"),
        (Err(SendFailure::MaybeSent), "unknown"),
    ] {
        let shown = format!("{given:?}");
        assert_eq!(end(given), meaning, "{shown}");
    }
}

#[test]
fn a_bare_429_is_probed_once() {
    let mut submission = submission();
    submission.start();
    assert!(matches!(submission.on_response(answer(429, None, "")), SubmitStep::SendAfter { .. }));
    assert!(
        matches!(submission.on_response(answer(429, None, "")), SubmitStep::Refused(error) if error.class == ErrorClass::ProviderQuota)
    );
}

#[test]
fn a_429_that_says_when_is_repeated_three_times() {
    let mut submission = submission();
    submission.start();
    for _ in 0..REPEATS {
        assert!(matches!(submission.on_response(answer(429, Some("1"), "")), SubmitStep::SendAfter { .. }));
    }
    let SubmitStep::Refused(error) = submission.on_response(answer(429, Some("9"), "")) else {
        panic!("not refused")
    };
    assert_eq!((error.class, error.retry_after), (ErrorClass::ProviderThrottled, Some(9)));
}

#[test]
fn no_connection_is_tried_three_times_in_all() {
    let mut submission = submission();
    submission.start();
    for _ in RECONNECT_WAITS {
        assert!(matches!(submission.on_response(Err(SendFailure::NotSent)), SubmitStep::SendAfter { .. }));
    }
    let end = submission.on_response(Err(SendFailure::NotSent));
    assert!(matches!(end, SubmitStep::Refused(error) if error.class == ErrorClass::ProviderUnavailable));
}

#[test]
fn retry_after_may_be_a_date() {
    let response = http::Response::builder()
        .header("date", "Sat, 21 Nov 2026 10:00:00 GMT")
        .header("retry-after", "Sat, 21 Nov 2026 10:00:07 GMT");
    let response = response.body(Bytes::new()).expect("a response");
    assert_eq!(retry_after(&response), Some(Duration::from_secs(7)));
}

#[test]
fn the_providers_field_is_shown_under_the_callers_name() {
    let body =
        r#"{"message":"body_validation_errors","errors":{"media":{"ids":{"0":["Length must be 36."]}}}}"#;
    let SubmitStep::Refused(error) = refused(Task::Export, 400, body.as_bytes()) else {
        panic!("not refused")
    };
    assert_eq!(error.violations[0].field, "banner_ids[0]");
    assert_eq!(error.provider.expect("the answer").errors[0].field, "media.ids[0]");
}
