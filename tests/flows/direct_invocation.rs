//! Direct invocations without HTTP: by Step Functions, EventBridge Scheduler, another Lambda function or the AWS CLI.

use bytes::Bytes;
use harness::until;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::world::World;

/// A request as a direct invocation.
fn command(world: &World, key: &str) -> Value {
    let mut event = world.export_request(2);
    event["command"] = json!("submit");
    event["metadata"] = json!({ "from": "a workflow" });
    event["idempotency_key"] = json!(key);
    event
}

/// Invokes a function through the Lambda API of the local cloud.
async fn invoke_api(world: &World, kind: &str, event: &Value) -> Response<Bytes> {
    let url = format!("{}/2015-03-31/functions/submit/invocations", world.cloud.aws_endpoint);
    let request = Request::post(url).header("x-amz-invocation-type", kind);
    let request = request.body(Bytes::from(event.to_string())).expect("a request");
    world.http.send(request).await.expect("a response")
}

#[tokio::test]
async fn a_direct_invocation_creates_and_shows_the_same_job_as_http() {
    let world = World::start().await;
    let created = world.invoke(command(&world, "one")).await.expect("a job");
    let id = created["job_id"].as_str().expect("an id");
    assert_eq!(created["metadata"], json!({ "from": "a workflow" }));

    let stored = world.wait_for_status(id, "stored").await;
    let shown = world.invoke(json!({ "command": "get", "job_id": id })).await;
    assert_eq!(shown.expect("a job"), stored);
}

#[tokio::test]
async fn an_idempotency_key_is_shared_by_http_and_direct_invocations() {
    let world = World::start().await;
    let direct = world.invoke(command(&world, "shared")).await.expect("a job");
    let mut request = world.export_request(2);
    request["metadata"] = json!({ "from": "a workflow" });
    let response = world.post(&request, &[("idempotency-key", "shared")]).await;

    assert_eq!(response.body()["job_id"], direct["job_id"]);
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn the_lambda_api_accepts_both_commands() {
    let world = World::start().await;
    let response = invoke_api(&world, "RequestResponse", &command(&world, "api")).await;
    assert!(!response.headers().contains_key("x-amz-function-error"), "{:?}", response.body());
    let created: Value = serde_json::from_slice(response.body()).expect("JSON");
    let stored = world.wait_for_status(created["job_id"].as_str().expect("an id"), "stored").await;

    let get = json!({ "command": "get", "job_id": created["job_id"] });
    let response = invoke_api(&world, "RequestResponse", &get).await;
    assert_eq!(serde_json::from_slice::<Value>(response.body()).expect("JSON"), stored);
}

#[tokio::test]
async fn the_lambda_api_reports_a_failure_with_its_type() {
    let world = World::start().await;
    let response = invoke_api(&world, "RequestResponse", &json!({ "command": "submit" })).await;

    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
    let failure: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(failure["errorType"], "Permanent.InvalidRequest");
    assert!(failure["errorMessage"].as_str().is_some_and(|text| text.contains("provider")), "{failure}");
}

#[tokio::test]
async fn an_asynchronous_invocation_creates_its_job() {
    let world = World::start().await;
    let response = invoke_api(&world, "Event", &command(&world, "later")).await;
    assert_eq!(response.status(), 202);

    let id = until("the job is in the table", || async {
        Some(world.job_items().await.first()?.get("pk")?.as_s().ok()?.clone())
    })
    .await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn an_invalid_command_is_rejected_with_its_field() {
    let world = World::start().await;
    let unknown = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
    let cases = [
        (json!({ "command": "sing" }), "Permanent.InvalidRequest", "command"),
        (json!({ "command": 7 }), "Permanent.InvalidRequest", "command"),
        (json!({}), "Permanent.InvalidRequest", "command"),
        (json!([]), "Permanent.InvalidRequest", "object"),
        (json!({ "command": "get" }), "Permanent.InvalidRequest", "job_id"),
        (json!({ "command": "get", "job_id": 7 }), "Permanent.InvalidRequest", "job_id"),
        (json!({ "command": "get", "job_id": "not an id" }), "Permanent.InvalidRequest", "job_id"),
        (json!({ "command": "get", "job_id": unknown, "more": 1 }), "Permanent.InvalidRequest", "more"),
        (json!({ "command": "get", "job_id": unknown }), "Permanent.NotFound", "job"),
    ];
    for (event, error_type, named) in cases {
        let failure = world.invoke(event.clone()).await.expect_err("a failure");
        assert_eq!(failure.error_type, error_type, "{event}");
        assert!(failure.error_message.contains(named), "{event}: {}", failure.error_message);
    }
}

#[tokio::test]
async fn every_provider_rejection_has_an_error_type_to_catch() {
    let world = World::start().await;
    let on = |kind: Value| {
        json!({ "on": "call" })
            .as_object()
            .into_iter()
            .chain(kind.as_object())
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Value>()
    };
    let response = |status: u16, id: &str| {
        on(json!({ "kind": "answer", "status": status, "body": { "id": id, "message": "No." } }))
    };
    let cases = [
        (response(400, "invalid_payload"), "Permanent.ProviderRefusedRequest"),
        (response(404, "visual_not_found"), "Permanent.ProviderRefusedRequest"),
        (response(401, "unauthorized"), "Permanent.ProviderCredentials"),
        (response(401, "api_access_denied"), "Permanent.ProviderPlan"),
        (on(json!({ "kind": "feature_not_in_plan" })), "Permanent.ProviderPlan"),
        (on(json!({ "kind": "gateway_limited", "count": 2 })), "Retryable.ProviderThrottled"),
        (on(json!({ "kind": "rate_limited", "retry_after": 1700 })), "Retryable.ProviderThrottled"),
    ];
    for (fault, error_type) in cases {
        world.inject_fault(fault.clone());
        let mut event = world.export_request(1);
        event["command"] = json!("submit");
        let failure = world.invoke(event).await.expect_err("a failure");
        assert_eq!(failure.error_type, error_type, "{fault}");
    }
}

#[tokio::test]
async fn spent_credits_have_an_error_type_to_catch() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "credits": 0 }));
    let mut event = world.generation_request("static", json!({}));
    event["command"] = json!("submit");
    let failure = world.invoke(event).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Permanent.ProviderQuota");
}

#[tokio::test]
async fn an_unknown_outcome_is_a_job_and_not_a_failure() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "gateway_error", "status": 504 }));
    let mut event = world.export_request(1);
    event["command"] = json!("submit");

    // A failure would make Step Functions retry, and a retry could be billed twice.
    let job = world.invoke(event).await.expect("a job");
    assert_eq!(job["status"], "unknown");
    assert_eq!(world.export_requests().len(), 1);
}
