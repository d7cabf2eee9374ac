//! The response is lost, late or meaningless: the job is `unknown`, the work is never requested again, and the
//! callback resolves the job.

use harness::until;
use http::Response;
use serde_json::{Value, json};

use super::submit_with_api_fault;
use crate::world::World;

/// Checks that the outcome is reported as unknown. Returns the job's id.
fn assert_unknown(response: &Response<Value>, what: &Value) -> String {
    let job = response.body();
    assert_eq!(response.status(), 202, "{what}: {job}");
    assert_eq!(response.headers()["location"], job["links"]["self"].as_str().expect("a link"));
    // A fast callback may have arrived before the response; then the outcome is known already.
    if job["status"] == "unknown" {
        assert_eq!(job["error"]["type"], "ProviderOutcomeUnknown", "{what}");
        assert_eq!(job["error"]["retryable"], false, "{what}");
    }
    job["job_id"].as_str().expect("an id").to_owned()
}

/// Checks that a job stays unknown when the provider did no work.
async fn assert_stays_unknown(fault: Value) {
    let world = World::start().await;
    let id = assert_unknown(&submit_with_api_fault(&world, fault.clone()).await, &fault);

    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["provider_job_id"]), (&json!("unknown"), &Value::Null), "{fault}");
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (1, 0), "{fault}");
}

/// Checks that the callback resolves the job when the provider did the work, and sets the provider job id that the
/// response lacked.
async fn assert_resolved_by_callback(fault: Value) {
    let world = World::start().await;
    let id = assert_unknown(&submit_with_api_fault(&world, fault.clone()).await, &fault);

    let job = world.wait_for_status(&id, "stored").await;
    let exports = world.admin(http::Method::GET, "/exports", Value::Null);
    assert_eq!(job["provider_job_id"], exports["exports"][0]["export_id"], "{fault}");
    assert_eq!(job["error"], Value::Null, "{fault}");
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (1, 1), "{fault}");
}

#[tokio::test]
async fn every_5xx_status_leaves_the_outcome_unknown() {
    for (status, body) in [(500, "json"), (502, "html"), (503, "empty"), (504, "html"), (501, "json")] {
        assert_stays_unknown(json!({ "kind": "gateway_error", "status": status, "body": body })).await;
    }
}

#[tokio::test]
async fn a_5xx_with_retry_after_is_not_retried() {
    let headers = json!({ "retry-after": "1" });
    assert_stays_unknown(json!({ "kind": "answer", "status": 503, "headers": headers, "body": "busy" }))
        .await;
}

#[tokio::test]
async fn an_internal_provider_error_leaves_the_outcome_unknown() {
    let body = json!({ "id": "internal_server_error", "message": "Oops." });
    assert_stays_unknown(json!({ "kind": "answer", "status": 500, "body": body })).await;
}

#[tokio::test]
async fn an_acceptance_without_an_export_id_leaves_the_outcome_unknown() {
    for body in [json!({}), json!({ "export_id": "" }), json!({ "export_id": 7 }), json!("<html>OK</html>")] {
        assert_stays_unknown(json!({ "kind": "answer", "status": 200, "body": body })).await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let headers = json!({ "location": "http://127.0.0.1:1/elsewhere" });
    assert_stays_unknown(json!({ "kind": "answer", "status": 307, "headers": headers })).await;
}

#[tokio::test]
async fn a_connection_reset_before_the_work_leaves_the_outcome_unknown() {
    assert_stays_unknown(json!({ "kind": "reset" })).await;
}

#[tokio::test]
async fn a_gateway_error_after_the_work_is_resolved_by_the_callback() {
    for (status, body) in [(502, "empty"), (504, "html")] {
        let fault = json!({ "kind": "gateway_error", "status": status, "body": body, "after_work": true });
        assert_resolved_by_callback(fault).await;
    }
}

#[tokio::test]
async fn a_lost_response_is_resolved_by_the_callback() {
    assert_resolved_by_callback(json!({ "kind": "lost_response" })).await;
}

#[tokio::test]
async fn a_response_after_the_timeout_is_resolved_by_the_callback() {
    assert_resolved_by_callback(json!({ "kind": "late", "seconds": 8 })).await;
}

#[tokio::test]
async fn a_job_of_unknown_outcome_keeps_its_idempotency_key() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "reset" }));
    let key = [("idempotency-key", "unknown")];
    let first = world.post(&world.export_request(1), &key).await;
    let second = world.post(&world.export_request(1), &key).await;

    assert_eq!((second.status().as_u16(), &second.body()["status"]), (202, &json!("unknown")));
    assert_eq!(first.body()["job_id"], second.body()["job_id"]);
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn a_response_after_the_callback_changes_nothing() {
    let world = World::start_with(|options| options.variable("PROVIDER_TIMEOUT_SECONDS", "20")).await;
    let response = submit_with_api_fault(&world, json!({ "kind": "callback_first", "seconds": 3 })).await;

    let job = response.body();
    assert_eq!(response.status(), 202, "{job}");
    assert!(!job["provider_job_id"].is_null() && job["error"].is_null(), "{job}");
    let id = job["job_id"].as_str().expect("an id");
    world.wait_for_status(id, "stored").await;
    until("the delivery was acknowledged", || async {
        let deliveries = world.admin(http::Method::GET, "/deliveries", Value::Null);
        deliveries.to_string().contains("acknowledged").then_some(())
    })
    .await;
    assert_eq!(world.accepted_exports(), 1);
}
