//! Invalid requests are rejected with the names of their fields, and nothing is written.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::{
    openapi_conformance,
    world::{World, assert_problem, error_fields},
};

/// An id that belongs to no job.
const UNKNOWN: &str = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";

/// Sends a request with a literal body.
async fn send(
    world: &World,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response<Value> {
    let mut request = Request::builder().method(method.clone()).uri(format!("{}{path}", world.submit.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::copy_from_slice(body)).expect("a request");
    let response = world.http.send(request).await.expect("a response");
    let response = response.map(|bytes| serde_json::from_slice(&bytes).unwrap_or(Value::Null));
    openapi_conformance::assert_response_described(&method, path, &response);
    response
}

/// `POST /jobs` with a literal body.
async fn post(world: &World, content_type: &str, body: &[u8]) -> Response<Value> {
    send(world, Method::POST, "/jobs", &[("content-type", content_type)], body).await
}

/// Checks that nothing was written and the provider was not called.
pub(crate) async fn assert_untouched(world: &World, what: &str) {
    assert!(world.table_items().await.is_empty(), "something was written: {what}");
    assert!(world.work_requests().is_empty(), "the provider was called: {what}");
}

/// Invalid requests, each with the fields that the problem names.
fn invalid_requests(world: &World) -> Vec<(Value, Vec<&'static str>)> {
    let good = world.export_request(2);
    let with = |field: &str, value: Value| {
        let mut request = good.clone();
        request[field] = value;
        request
    };
    let without = |field: &str| {
        let mut request = good.clone();
        request.as_object_mut().expect("an object").remove(field);
        request
    };
    let id = good["banner_ids"][0].as_str().expect("an id");
    vec![
        (without("banner_ids"), vec!["banner_ids"]),
        (with("banner_ids", Value::Null), vec!["banner_ids"]),
        (with("banner_ids", json!([])), vec!["banner_ids"]),
        (with("banner_ids", json!(id)), vec!["banner_ids"]),
        (with("banner_ids", json!({ "0": id })), vec!["banner_ids"]),
        (with("banner_ids", json!([id, "not-a-uuid"])), vec!["banner_ids[1]"]),
        (with("banner_ids", json!([id.replace('-', "")])), vec!["banner_ids[0]"]),
        (with("banner_ids", json!([format!("{{{id}}}")])), vec!["banner_ids[0]"]),
        (with("banner_ids", json!([format!("{id} ")])), vec!["banner_ids[0]"]),
        (with("banner_ids", json!([7, null, id])), vec!["banner_ids[0]", "banner_ids[1]"]),
        (with("banner_ids", json!([id, id])), vec!["banner_ids[1]"]),
        (with("banner_ids", json!([id, id.to_uppercase()])), vec!["banner_ids[1]"]),
        (with("colour", json!("red")), vec!["colour"]),
        (with("idempotency_key", json!("in the body")), vec!["idempotency_key"]),
        (with("callback_url", json!("https://example.com")), vec!["callback_url"]),
        (with("provider", json!("nobody")), vec!["provider"]),
        (with("provider", json!(7)), vec!["provider"]),
        (without("provider"), vec!["provider"]),
        (with("kind", json!("teleport")), vec!["kind"]),
        (with("kind", json!(["export"])), vec!["kind"]),
        (without("kind"), vec!["kind"]),
        (json!({}), vec!["provider", "kind"]),
        (with("metadata", json!("x".repeat(4095))), vec!["metadata"]),
        (with("metadata", json!({ "text": "ж".repeat(2048) })), vec!["metadata"]),
    ]
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_the_names_of_its_fields() {
    let world = World::start().await;
    for (request, fields) in invalid_requests(&world) {
        let response = world.post(&request, &[]).await;
        assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), fields, "{request}");
    }
    assert_untouched(&world, "requests over HTTP").await;
}

#[tokio::test]
async fn an_invalid_direct_invocation_is_a_permanent_failure() {
    let world = World::start().await;
    for (mut request, fields) in invalid_requests(&world) {
        if fields == ["idempotency_key"] {
            // In a direct invocation the key is a field of the event.
            continue;
        }
        request["command"] = json!("submit");
        let failure = world.invoke(request.clone()).await.expect_err("a failure");
        assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{request}");
        assert!(fields.iter().all(|field| failure.error_message.contains(field)), "{request}: {failure}");
    }
    assert_untouched(&world, "direct invocations").await;
}

#[tokio::test]
async fn all_invalid_fields_are_named_at_once() {
    let world = World::start().await;
    let request = json!({
        "provider": "abyssale", "kind": "export", "banner_ids": ["a", "b"], "size": 1, "metadata": "x".repeat(5000),
    });
    let response = world.post(&request, &[("idempotency-key", "")]).await;

    let mut fields = error_fields(assert_problem(&response, 400, "invalid-request"));
    fields.sort_unstable();
    assert_eq!(fields, ["banner_ids[0]", "banner_ids[1]", "idempotency_key", "metadata", "size"]);
}

#[tokio::test]
async fn an_invalid_idempotency_key_is_rejected() {
    let world = World::start().await;
    let body = world.export_request(1).to_string();
    let long = "k".repeat(256);
    for key in ["", long.as_str(), "a\tb"] {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let response = send(&world, Method::POST, "/jobs", &headers, body.as_bytes()).await;
        assert_eq!(
            error_fields(assert_problem(&response, 400, "invalid-request")),
            ["idempotency_key"],
            "{key:?}"
        );
    }
    for key in
        [json!(""), json!(long), json!("a\u{0}b"), json!("line\nfeed"), json!("ключ"), json!(7), json!([])]
    {
        let mut event = world.export_request(1);
        event["command"] = json!("submit");
        event["idempotency_key"] = key.clone();
        let failure = world.invoke(event).await.expect_err("a failure");
        assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{key}");
        assert!(failure.error_message.contains("idempotency_key"), "{key}: {failure}");
    }
    assert_untouched(&world, "bad keys").await;
}

#[tokio::test]
async fn an_idempotency_key_of_the_maximum_length_is_accepted() {
    let world = World::start().await;
    let response = world.post(&world.export_request(1), &[("idempotency-key", &"k".repeat(255))]).await;
    assert_eq!(response.status(), 202, "{}", response.body());
}

#[tokio::test]
async fn only_json_objects_are_accepted() {
    let world = World::start().await;
    let good = world.export_request(1).to_string();
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    {
        let response = post(&world, content_type, good.as_bytes()).await;
        let refused = assert_problem(&response, 415, "unsupported-media-type");
        assert_eq!(error_fields(refused), ["content-type"], "{content_type:?}");
    }
    let none = send(&world, Method::POST, "/jobs", &[], good.as_bytes()).await;
    assert_eq!(error_fields(assert_problem(&none, 415, "unsupported-media-type")), ["content-type"]);

    let cut = &good[..good.len() - 1];
    for body in [cut, "", "{'a': 1}", "[]", "[{}]", "null", "\"text\"", "7", "\u{feff}{}"] {
        let response = post(&world, "application/json", body.as_bytes()).await;
        assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), ["body"], "{body:?}");
    }
    let response = post(&world, "application/json", b"{\"provider\": \"\xff\xfe\"}").await;
    assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), ["body"]);
    assert_untouched(&world, "bodies").await;
}

#[tokio::test]
async fn an_oversized_body_is_rejected() {
    let world = World::start().await;
    let mut request = world.export_request(1).to_string();
    // Whitespace does not matter to JSON, so that only the size can be rejected.
    request.push_str(&" ".repeat(128 * 1024 + 1 - request.len()));
    let response = post(&world, "application/json", request.as_bytes()).await;
    assert_eq!(error_fields(assert_problem(&response, 413, "payload-too-large")), ["body"]);
    assert_untouched(&world, "a large body").await;

    request.pop();
    let response = post(&world, "application/json", request.as_bytes()).await;
    assert_eq!(response.status(), 202, "{}", response.body());
}

#[tokio::test]
async fn a_wrong_method_is_answered_with_the_allowed_ones() {
    let world = World::start().await;
    let job = format!("/jobs/{UNKNOWN}");
    let [files, archive, retry, cancel, replay] =
        ["files/a.png", "archive", "retry", "cancel", "replay"].map(|what| format!("{job}/{what}"));
    for (method, path, right) in [
        (Method::PUT, "/jobs", "GET, POST"),
        (Method::DELETE, "/jobs", "GET, POST"),
        (Method::OPTIONS, "/jobs", "GET, POST"),
        (Method::POST, job.as_str(), "GET"),
        (Method::DELETE, job.as_str(), "GET"),
        (Method::PATCH, job.as_str(), "GET"),
        (Method::OPTIONS, job.as_str(), "GET"),
        (Method::POST, files.as_str(), "GET"),
        (Method::PUT, archive.as_str(), "GET"),
        (Method::GET, retry.as_str(), "POST"),
        (Method::DELETE, cancel.as_str(), "POST"),
        (Method::GET, replay.as_str(), "POST"),
    ] {
        let response = send(&world, method.clone(), path, &[], b"").await;
        assert_problem(&response, 405, "method-not-allowed");
        assert_eq!(response.headers()["allow"], right, "{method} {path}");
    }
    // The response to HEAD has no body to check.
    let response = send(&world, Method::HEAD, &job, &[], b"").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"GET".parse().expect("a value"))
    );
    assert_untouched(&world, "wrong methods").await;
}

#[tokio::test]
async fn unknown_paths_and_jobs_are_not_found() {
    let world = World::start().await;
    let upper = UNKNOWN.to_uppercase();
    let paths = [
        "/",
        "/job",
        "/jobsandmore",
        "/jobs%C3%A9",
        "/jobs/a/b",
        "/webhooks/abyssale",
        "/jobs/nonsense",
        "/jobs/67e55044-10b1-426f-9247-bb680e5fe0c8",
        "/jobs/%00",
        "/jobs/JOB",
    ];
    let unknown = format!("/jobs/{UNKNOWN}");
    let other_spelling = format!("/jobs/{upper}");
    for path in paths.into_iter().chain([unknown.as_str(), other_spelling.as_str()]) {
        let response = send(&world, Method::GET, path, &[], b"").await;
        assert_problem(&response, 404, "not-found");
    }
    let response = post_to(&world, "/elsewhere").await;
    assert_problem(&response, 404, "not-found");
    assert_untouched(&world, "unknown paths").await;
}

async fn post_to(world: &World, path: &str) -> Response<Value> {
    send(
        world,
        Method::POST,
        path,
        &[("content-type", "application/json")],
        world.export_request(1).to_string().as_bytes(),
    )
    .await
}
