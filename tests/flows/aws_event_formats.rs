//! Events in the formats of AWS, from `tests/events`, and the response that each service expects.
//!
//! The banner ids in them are those of the simulator with the seed of the flows.

use std::path::Path;

use serde_json::{Value, json};

use crate::world::World;

/// Reads an event from `tests/events`.
fn read_event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Invokes `submit` with an API Gateway event. Returns the status and body of the response.
async fn invoke_http(world: &World, event: Value) -> (Value, Value) {
    let response = world.invoke(event).await.expect("an answer: API Gateway makes 500 of a failure");
    assert_eq!(response["isBase64Encoded"], false, "{response}");
    let headers = response["headers"].as_object().expect("headers");
    assert!(headers.values().all(Value::is_string), "{response}");
    assert_eq!(headers["cache-control"], "no-store");
    let body = serde_json::from_str(response["body"].as_str().expect("a text")).expect("JSON");
    (response["statusCode"].clone(), body)
}

#[tokio::test]
async fn text_and_base64_bodies_are_read_the_same() {
    let world = World::start().await;
    let (status, text) = invoke_http(&world, read_event("api_gateway_text.json")).await;
    assert_eq!(status, 202, "{text}");
    assert_eq!(text["metadata"], json!({ "note": "Grüße" }));

    let (status, base64) = invoke_http(&world, read_event("api_gateway_base64.json")).await;
    assert_eq!(status, 202, "{base64}");
    assert_eq!(base64["job_id"], text["job_id"], "the same key and the same body");
}

#[tokio::test]
async fn a_get_event_without_a_body_shows_a_job() {
    let world = World::start().await;
    let id = world.submit_export(1).await;
    let stored = world.wait_for_status(&id, "stored").await;

    let unknown = read_event("api_gateway_get.json");
    let known = unknown.to_string().replace("0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a", &id);
    assert_eq!(invoke_http(&world, unknown).await.0, 404);
    let known = serde_json::from_str(&known).expect("JSON");
    assert_eq!(invoke_http(&world, known).await, (json!(200), stored));
}

#[tokio::test]
async fn an_http_event_with_an_odd_path_and_query_is_answered() {
    let world = World::start().await;
    let (status, problem) = invoke_http(&world, read_event("api_gateway_odd_path.json")).await;
    assert_eq!((&status, &problem["type"]), (&json!(404), &json!("urn:landfall:problem:not-found")));
}

#[tokio::test]
async fn an_invalid_base64_body_fails_permanently() {
    let world = World::start().await;
    let mut damaged = read_event("api_gateway_base64.json");
    damaged["body"] = json!("%%%");
    let failure = world.invoke(damaged).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Permanent.InvalidRequest");
    assert!(world.table_items().await.is_empty());
}

#[tokio::test]
async fn an_sqs_batch_is_answered_message_by_message() {
    let world = World::start().await;
    let batch = read_event("sqs_batch.json");
    let response = (world.worker_function)(batch.clone()).await.expect("a response");

    // The first export was not submitted here; the second names a job that is not in the table.
    let failed = json!([{ "itemIdentifier": batch["Records"][1]["messageId"] }]);
    assert_eq!(response, json!({ "batchItemFailures": failed }));
    assert!(world.job_items().await.is_empty());
}

#[tokio::test]
async fn step_functions_tasks_and_schedules_create_jobs() {
    let world = World::start().await;
    for name in ["step_functions.json", "scheduler.json"] {
        let event = read_event(name);
        let job = world.invoke(event.clone()).await.expect("a job");
        let repeated = world.invoke(event.clone()).await.expect("a job");
        assert_eq!(job["metadata"], event["metadata"], "{name}");
        // Both services deliver at least once.
        assert_eq!(job["job_id"], repeated["job_id"], "{name}");
    }
    assert_eq!(world.export_requests().len(), 2);
}

#[tokio::test]
async fn an_unknown_event_fails_permanently() {
    let world = World::start().await;
    for (name, expected) in [("event_bridge_rule.json", "detail-type"), ("unknown.json", "SQS")] {
        let submit = world.invoke(read_event(name)).await.expect_err("a failure");
        let worker = (world.worker_function)(read_event(name)).await.expect_err("a failure");
        for failure in [submit, worker] {
            assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{name}");
            assert!(failure.error_message.contains(expected), "{name}: {failure}");
        }
    }
    assert!(world.table_items().await.is_empty() && world.export_requests().is_empty());
}

#[tokio::test]
async fn an_event_of_the_other_function_fails_permanently() {
    let world = World::start().await;
    // Both functions read a queue. Messages of the other function are returned and become dead letters.
    let batch = read_event("sqs_batch.json");
    let response = world.invoke(batch.clone()).await.expect("a response");
    let messages = batch["Records"].as_array().expect("messages");
    let all: Vec<Value> =
        messages.iter().map(|message| json!({ "itemIdentifier": message["messageId"] })).collect();
    assert_eq!(response, json!({ "batchItemFailures": all }));
    assert!(world.table_items().await.is_empty() && world.export_requests().is_empty());
    for name in ["api_gateway_text.json", "step_functions.json"] {
        let failure = (world.worker_function)(read_event(name)).await.expect_err("a failure");
        assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{name}");
    }
}
