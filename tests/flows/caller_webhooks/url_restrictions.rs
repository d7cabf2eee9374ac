//! Restricted webhook URLs are rejected at submission or blocked at connection (SSRF).

use harness::{CALLER_WEBHOOKS_QUEUE, until};
use serde_json::{Value, json};

use super::{
    caller_server::{Caller, Reply::With},
    start_with_caller,
};
use crate::{
    log_capture::LogBuffer,
    world::{World, assert_problem, error_fields},
};

/// Checks that a job with this URL is rejected before anything is written. Returns the problem as text.
async fn assert_url_rejected(world: &World, url: &str) -> String {
    let response = world.post_with_webhook(url).await;
    let body = assert_problem(&response, 400, "invalid-request");
    assert_eq!(error_fields(body), ["notify.webhook_url"], "{url}: {body}");
    assert_eq!(world.job_items().await.len(), 0, "{url}");
    let text = body.to_string();
    assert!(!text.contains("caller-key"), "{url}: {text}");
    text
}

#[tokio::test]
async fn a_disallowed_webhook_url_is_rejected_at_submission() {
    let (world, _caller) = start_with_caller(|options| options).await;
    for url in [
        "http://hooks.example.com/?key=caller-key",
        "https://10.0.0.1/hook?key=caller-key",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://0x7f.1/hook",
        "https://169.254.169.254/latest/meta-data/",
        "https://user:caller-key@hooks.example.com/",
        "https://hooks.example.com:8443/",
        "ftp://hooks.example.com/",
        "not a URL",
        "",
    ] {
        assert_url_rejected(&world, url).await;
    }
}

#[tokio::test]
async fn webhook_urls_outside_the_allowed_hosts_are_rejected() {
    let (world, _caller) = start_with_caller(|options| {
        options.variable("WEBHOOK_ALLOWED_HOSTS", "*.hooks.invalid,hooks.example.net")
    })
    .await;
    let why = assert_url_rejected(&world, "https://hooks.example.org/?key=caller-key").await;
    assert!(why.contains("WEBHOOK_ALLOWED_HOSTS"), "{why}");
    assert_eq!(world.post_with_webhook("https://a.hooks.invalid/").await.status(), 202);
}

#[tokio::test]
async fn a_host_name_with_a_private_address_is_blocked_at_connection() {
    let (world, _caller) = start_with_caller(|options| options).await;
    let (log_buffer, _guard) = LogBuffer::capture();
    let id = world.submit_with_webhook("https://localhost/hook?key=caller-key").await;
    world.wait_for_status(&id, "stored").await;
    let log = until("the log has the reason", || async {
        let hidden = world.wait_for_hidden_message().await;
        let log = log_buffer.text();
        // A log statement that another test reaches for the first time while the capture starts may be missing; then
        // the next attempt writes it.
        tracing::callsite::rebuild_interest_cache();
        world.advance_queue_time(hidden);
        log.contains("localhost has no public address").then_some(log)
    })
    .await;
    assert!(!log.contains("caller-key"), "{log}");
}

#[tokio::test]
async fn a_webhook_redirect_is_a_failed_attempt() {
    let (world, caller) = start_with_caller(|options| options).await;
    let elsewhere = Caller::start().await;
    let location: &'static str = Box::leak(elsewhere.url().into_boxed_str());
    caller.respond_with([With(307, "location", location), With(301, "location", "http://169.254.169.254/")]);
    world.submit_with_webhook(&caller.url()).await;
    for tried in 1..=2 {
        caller.wait_for_webhooks(tried).await;
        let hidden = world.wait_for_hidden_message().await;
        world.advance_queue_time(hidden);
    }
    caller.wait_for_webhooks(3).await;
    world.wait_until_webhooks_sent().await;
    assert_eq!(elsewhere.received_webhooks().len(), 0);
}

#[tokio::test]
async fn with_an_unusable_signing_secret_webhook_urls_are_rejected() {
    let world = World::start().await;
    let mut secret = world.secret().await;
    secret["notify_signing_secrets"] = json!("not a list");
    world.put_secret(&secret).await;
    let response = world.post_with_webhook("https://hooks.example.com/").await;
    let body = assert_problem(&response, 409, "webhook-secret-missing");
    assert!(!response.headers().contains_key("retry-after"), "a retry would not help: {body}");
    assert!(body["detail"].as_str().is_some_and(|why| why.contains("notify_signing_secrets")), "{body}");
    assert_eq!(world.secret().await["notify_signing_secrets"], "not a list", "it is the operator's");
    assert_eq!(world.job_items().await.len(), 0);
    assert_eq!(world.export_requests(), Vec::<Value>::new());
}

#[tokio::test]
async fn the_full_webhook_url_is_shown_nowhere() {
    let (world, caller) = start_with_caller(|options| options.variable("EVENT_BUS_NAME", "landfall")).await;
    let id = world.submit_with_webhook(&caller.url()).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["notify"]["webhook_url"], caller.origin);
    let shown = job.to_string();
    let webhook = caller.wait_for_webhooks(1).await[0].body().to_string();
    let events =
        json!(world.cloud.events().into_iter().map(|event| event.detail).collect::<Vec<_>>()).to_string();
    until("no message is in flight", || async {
        (world.cloud.queue_depth(CALLER_WEBHOOKS_QUEUE)?.in_flight == 0).then_some(())
    })
    .await;
    for text in [shown, webhook, events] {
        assert!(!text.contains("caller-key"), "{text}");
    }
}
