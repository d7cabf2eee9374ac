//! What each response to an export POST means, and which requests are retried.

use serde_json::{Map, Value, json};

use super::{
    super::order::{EXPORT, read_order},
    *,
};
use crate::Credentials;

fn submission() -> AbyssaleSubmission {
    let order = read_order(EXPORT, fields(json!({ "banner_ids": [ID] }))).expect("a valid request");
    let callback_url = url::Url::parse("https://hooks.example.com/webhooks/abyssale/j/t").expect("a URL");
    AbyssaleSubmission::new(&SubmitContext {
        kind: EXPORT,
        request: &order.request,
        provider_job_id: None,
        provider_state: &Map::new(),
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

fn response(status: u16, retry_after: Option<&str>, body: &str) -> SendResult {
    let mut builder = http::Response::builder().status(status);
    if let Some(seconds) = retry_after {
        builder = builder.header("retry-after", seconds);
    }
    Ok(builder.body(Bytes::copy_from_slice(body.as_bytes())).expect("a response"))
}

/// Describes the step after a single response.
fn step_after(result: SendResult) -> String {
    let mut submission = submission();
    submission.start();
    match submission.on_response(result) {
        SubmitStep::Send(_) => "sent again".into(),
        SubmitStep::SendAfter { wait, .. } => format!("sent again after {} s", wait.as_secs_f64()),
        SubmitStep::Download { .. } => "needs a file".into(),
        SubmitStep::Authorize { .. } => "needs a token".into(),
        SubmitStep::StoreProviderState(state) => format!("stores {state:?}"),
        SubmitStep::Accepted(provider_job_id) => format!("accepted as {provider_job_id}"),
        SubmitStep::Completed { provider_job_id, result: outcome } => {
            let provider_job_id = provider_job_id.expect("an id");
            format!("done as {provider_job_id}: {outcome:?}")
        }
        SubmitStep::Rejected(error) => format!("rejected: {}", error.class.name()),
        SubmitStep::OutcomeUnknown(_) => "unknown".into(),
    }
}

#[test]
fn the_request_is_the_one_of_the_contract() {
    let SubmitStep::Send(request) = submission().start() else { panic!("nothing is sent") };
    assert_eq!((request.method(), request.uri().path()), (&http::Method::POST, "/async/banners/export"));
    assert_eq!(request.headers()["x-api-key"], "key");
    assert!(request.headers()["x-api-key"].is_sensitive());
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    assert_eq!(
        body,
        json!({ "ids": [ID], "callback_url": "https://hooks.example.com/webhooks/abyssale/j/t" })
    );
}

#[test]
fn each_response_has_one_meaning() {
    let quota = r#"{"id":"rate_limit_exceeded","message":"x"}"#;
    for (result, meaning) in [
        (response(200, None, r#"{"export_id":"e","version":"v"}"#), "accepted as e"),
        (response(201, None, r#"{"export_id":"e"}"#), "accepted as e"),
        (response(200, None, "{}"), "unknown"),
        (response(200, None, "<html>"), "unknown"),
        (response(302, None, ""), "unknown"),
        (
            response(400, None, r#"{"id":"invalid_payload","message":"x"}"#),
            "rejected: ProviderRefusedRequest",
        ),
        (response(401, None, r#"{"id":"unauthorized","message":"x"}"#), "rejected: ProviderCredentials"),
        (response(401, None, r#"{"id":"api_access_denied","message":"x"}"#), "rejected: ProviderPlan"),
        (response(402, None, ""), "rejected: ProviderQuota"),
        (response(403, None, ""), "rejected: ProviderCredentials"),
        (
            response(404, None, r#"{"id":"visual_not_found","message":"x"}"#),
            "rejected: ProviderRefusedRequest",
        ),
        (response(408, None, ""), "unknown"),
        (response(422, None, ""), "rejected: ProviderRefusedRequest"),
        (response(429, Some("27"), r#"{"id":"request_rate_limited"}"#), "sent again after 27 s"),
        (response(429, Some("1.5"), ""), "sent again after 1.5 s"),
        (response(429, Some("soon"), quota), "sent again after 1 s"),
        (response(429, None, quota), "sent again after 1 s"),
        (response(429, Some("27"), r#"{"id":"feature_not_in_plan"}"#), "rejected: ProviderPlan"),
        (response(500, None, ""), "unknown"),
        (response(503, Some("5"), ""), "unknown"),
        (response(504, None, "<html>"), "unknown"),
        (Err(SendFailure::NotSent), "sent again after 1 s"),
        (Err(SendFailure::MaybeSent), "unknown"),
    ] {
        let shown = format!("{result:?}");
        assert_eq!(step_after(result), meaning, "{shown}");
    }
}

#[test]
fn a_429_without_retry_after_is_retried_once() {
    let mut submission = submission();
    submission.start();
    assert!(matches!(submission.on_response(response(429, None, "")), SubmitStep::SendAfter { .. }));
    assert!(
        matches!(submission.on_response(response(429, None, "")), SubmitStep::Rejected(error) if error.class == ErrorClass::ProviderQuota)
    );
}

#[test]
fn a_429_with_retry_after_is_retried_three_times() {
    let mut submission = submission();
    submission.start();
    for _ in 0..MAX_RETRIES {
        assert!(matches!(submission.on_response(response(429, Some("1"), "")), SubmitStep::SendAfter { .. }));
    }
    let SubmitStep::Rejected(error) = submission.on_response(response(429, Some("9"), "")) else {
        panic!("not rejected")
    };
    assert_eq!((error.class, error.retry_after), (ErrorClass::ProviderThrottled, Some(9)));
}

#[test]
fn a_connection_is_attempted_three_times() {
    let mut submission = submission();
    submission.start();
    for _ in RECONNECT_DELAYS {
        assert!(matches!(submission.on_response(Err(SendFailure::NotSent)), SubmitStep::SendAfter { .. }));
    }
    let step = submission.on_response(Err(SendFailure::NotSent));
    assert!(matches!(step, SubmitStep::Rejected(error) if error.class == ErrorClass::ProviderUnavailable));
}

#[test]
fn retry_after_may_be_a_date() {
    let response = http::Response::builder()
        .header("date", "Sat, 21 Nov 2026 10:00:00 GMT")
        .header("retry-after", "Sat, 21 Nov 2026 10:00:07 GMT");
    let response = response.body(Bytes::new()).expect("a response");
    assert_eq!(parse_retry_after(&response), Some(Duration::from_secs(7)));
}

#[test]
fn the_providers_field_is_reported_as_the_callers_field() {
    let body =
        r#"{"message":"body_validation_errors","errors":{"media":{"ids":{"0":["Length must be 36."]}}}}"#;
    let SubmitStep::Rejected(error) = read_rejection(WireRequest::Export, 400, body.as_bytes()) else {
        panic!("not rejected")
    };
    assert_eq!(error.violations[0].field, "banner_ids[0]");
    assert_eq!(error.provider.expect("an error response").errors[0].field, "media.ids[0]");
}
