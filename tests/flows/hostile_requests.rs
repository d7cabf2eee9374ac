//! Hostile requests, which try to crash a function or to reach another resource than their path names.

use std::{net::SocketAddr, path::Path};

use harness::ExecutionEnvironment;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::World;

/// Values that break code that builds a URL from `Host` and `X-Forwarded-Proto`.
const PROTOCOLS: &[&str] = &["1", "", "file", "https,https", "://", "a b"];
const HOSTS: &[&str] = &["[", "a b", "%", "h:99999", "", "é", "a/b?c#d", "\u{0}"];

/// Sends a request target without normalisation, which HTTP clients would apply. Returns the response status.
async fn status_of(api: &str, target: &str) -> u16 {
    let address: SocketAddr = api.strip_prefix("http://").expect("http").parse().expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response");
    response.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[tokio::test]
async fn path_traversal_reaches_no_other_job() {
    let world = World::start().await;
    let (first, second) = (world.submit_export(1).await, world.submit_export(1).await);
    world.wait_for_status(&first, "stored").await;
    world.wait_for_status(&second, "stored").await;
    assert_eq!(status_of(&world.submit.url, &format!("/jobs/{second}/archive")).await, 302);
    for up in
        ["../..", "%2e%2e/%2e%2e", "..%2f..", "%252e%252e/%252e%252e", ".\\..\\..", "..%5c..", "./../.."]
    {
        let target = format!("/jobs/{first}/files/{up}/{second}/archive");
        assert_eq!(status_of(&world.submit.url, &target).await, 404, "{target}");
    }
    for target in [format!("/jobs//{first}"), format!("//jobs/{first}"), format!("/jobs/{first}//archive")] {
        assert_eq!(status_of(&world.submit.url, &target).await, 404, "{target}");
    }
    for target in
        ["/webhooks/../webhooks/abyssale", "/webhooks//abyssale", "/webhooks/abyssale/%2e", "/webhooks/a%5cb"]
    {
        assert_eq!(status_of(&world.webhook.url, target).await, 404, "{target}");
    }
}

/// A request as an API Gateway event.
fn api_gateway_event(path: &str, headers: &Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "stage": "$default", "domainName": "example.com",
            "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1" },
        },
        "body": "{}", "isBase64Encoded": false,
    })
}

/// Events that any client can cause, and some that only a broken gateway would send.
fn hostile_events() -> Vec<String> {
    let path = "/webhooks/abyssale/x/y";
    let mut events = vec![];
    for protocol in PROTOCOLS {
        events
            .push(api_gateway_event(path, &json!({ "host": "example.com", "x-forwarded-proto": protocol })));
    }
    for host in HOSTS {
        events.push(api_gateway_event(path, &json!({ "host": host, "x-forwarded-proto": "https" })));
    }
    for odd in [
        "",
        "/",
        "//",
        "/..",
        "/\\",
        "/\u{0}",
        "/é",
        "/?#%",
        "no slash",
        "/webhooks/abyssale/%ff/%ff",
        &"/a".repeat(5000),
    ] {
        events.push(api_gateway_event(odd, &json!({})));
    }
    for (pointer, value) in [
        ("/requestContext/http/method", json!("A B")),
        ("/requestContext/http/method", json!(7)),
        ("/rawQueryString", json!("a=é&#%\u{1}")),
        ("/headers", json!([1])),
        ("/headers", json!({ "": "x", "a b": "c", "x": 1, "y": "\r\n", "z": "\u{7f}é" })),
        ("/body", json!(7)),
        ("/body", json!("\u{0}\u{fffd}")),
        ("/isBase64Encoded", json!("yes")),
        ("/rawPath", json!({})),
        ("/requestContext/stage", json!({})),
        ("/requestContext/domainName", json!("a b [")),
    ] {
        let mut event = api_gateway_event(path, &json!({ "content-type": "application/json" }));
        *event.pointer_mut(pointer).expect("a field") = value;
        events.push(event);
    }
    let mut cookies = api_gateway_event(path, &json!({}));
    cookies["cookies"] = json!(["a=\u{1}", 1, "b"]);
    events.push(cookies);
    let mut texts: Vec<String> = events.iter().map(Value::to_string).collect();
    // Deeper than the parser's limit, an unpaired surrogate, and invalid JSON.
    texts.push(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    texts.push(r#"{"rawPath": "\ud800", "requestContext": {"http": {"method": "GET"}}}"#.to_owned());
    texts.push("{".to_owned());
    texts
}

/// Invokes a function's process with every hostile event, then with a valid one. Checks that it never crashes or
/// panics.
async fn assert_survives_hostile_events(
    binary: &str,
    environment: &[(String, String)],
    good: &Value,
    status: u16,
) {
    let mut process = ExecutionEnvironment::start(Path::new(binary), environment).await.expect("a process");
    for event in hostile_events() {
        let response = process.invoke(event.clone()).await;
        let shown: String = event.chars().take(300).collect();
        if let Err(failure) = &response {
            assert_ne!(failure.error_type, "Runtime.ExitError", "{shown}");
            assert_ne!(failure.error_type, "Sandbox.Timedout", "{shown}");
        }
        assert_eq!(process.panics(), Vec::<String>::new(), "{shown}");
    }
    let response = process.invoke(good.to_string()).await.expect("a response");
    assert_eq!(response["statusCode"], status, "{response}");
    assert!(process.is_running().expect("a process status"));
}

#[tokio::test]
async fn no_request_crashes_a_function() {
    let world = World::start().await;
    let described = world.describe();
    let text = |name: &str| described[name].as_str().expect("text").to_owned();
    let environment: Vec<(String, String)> = [
        ("AWS_REGION", text("region")),
        ("AWS_ACCESS_KEY_ID", text("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
        ("AWS_ENDPOINT_URL", text("aws_endpoint")),
        ("AWS_ENDPOINT_URL_S3", text("s3_endpoint")),
        ("AWS_ENDPOINT_URL_DYNAMODB", text("dynamodb_endpoint")),
        ("ROLE", "receiver".to_owned()),
        ("TABLE_NAME", text("table")),
        ("BUCKET_NAME", text("bucket")),
        ("SECRET_ID", text("secret_id")),
        ("TOKEN_SECRET_ID", text("token_secret_id")),
        ("DELIVERY_QUEUE_URL", text("delivery_queue_url")),
        ("SUBMISSIONS_QUEUE_URL", text("submissions_queue_url")),
        ("CALLER_WEBHOOKS_QUEUE_URL", text("submissions_queue_url")),
        ("FAILED_INVOCATIONS_QUEUE_URL", text("failed_invocations_queue_url")),
        ("WEBHOOK_URL", world.webhook.url.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let (id, url) = world.submit_export_without_callback(1).await;
    let path = url.strip_prefix(&world.webhook.url).expect("a path");
    let callback = api_gateway_event(path, &json!({ "content-type": "application/json" }));
    // The receiver reads the secret and verifies the signature, as for any other callback.
    assert_survives_hostile_events(env!("CARGO_BIN_EXE_webhook-process"), &environment, &callback, 401).await;
    let mut shown = api_gateway_event(&format!("/jobs/{id}"), &json!({}));
    shown["requestContext"]["http"]["method"] = json!("GET");
    assert_survives_hostile_events(env!("CARGO_BIN_EXE_submit-process"), &environment, &shown, 200).await;
}
