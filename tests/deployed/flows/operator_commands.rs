//! Operator commands by direct invocation, under the role of the submit function.

use std::time::Duration;

use harness::until_within;
use http::Method;
use serde_json::{Value, json};

use super::{STACK_LOCK, report_skipped, submit_export, wait_until_stored};
use crate::stack::Deployed;

/// Runs an action of the `signing_secret` command.
async fn run_signing_secret(stack: &Deployed, action: &str) -> Value {
    let event = json!({ "command": "signing_secret", "provider": "abyssale", "action": action });
    let response = stack.invoke("submit", &event).await;
    assert_eq!(response["in_sync"], true, "{action}: {response:#}");
    response
}

/// Runs an export, and checks that its delivery was accepted with this number of signatures.
async fn assert_delivery_accepted(stack: &Deployed, signatures: usize) {
    wait_until_stored(stack, &submit_export(stack).await).await;
    let deliveries = stack.control(Method::GET, "/deliveries", &Value::Null);
    let last = deliveries.as_array().and_then(|all| all.last()).expect("a delivery");
    let attempt = last["attempts"].as_array().and_then(|all| all.last()).expect("an attempt");
    let signature = attempt["headers"]["x-abyssale-signature"].as_str().unwrap_or_default();
    assert_eq!((&attempt["status"], signature.matches("v1=").count()), (&json!(200), signatures), "{last:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_checks_of_the_check_command_pass() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let design = stack.simulator.describe()["designs"]["static"][0]["id"].clone();
    let event = json!({ "command": "check", "provider": "abyssale", "design_id": design });
    let response = stack.invoke("submit", &event).await;
    assert_eq!(response["ok"], true, "{response:#}");
    let checks = response["checks"].as_array().expect("checks");
    for name in ["table", "receiver", "callback_key", "key", "plan", "design", "signing"] {
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.map(|check| &check["status"]), Some(&json!("ok")), "{name}: {response:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_is_fetched_rotated_and_revoked_while_deliveries_arrive() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    stack.store_signing_secrets(&json!([])).await;
    let fetched = run_signing_secret(&stack, "fetch").await;
    assert_eq!(fetched["stored_total"], 1, "{fetched:#}");
    assert_delivery_accepted(&stack, 1).await;
    let rotated = run_signing_secret(&stack, "rotate").await;
    assert_eq!(rotated["stored_total"], 2, "{rotated:#}");
    assert_delivery_accepted(&stack, 2).await;
    let revoked = run_signing_secret(&stack, "revoke").await;
    assert_eq!(revoked["stored_total"], 1, "{revoked:#}");
    assert_ne!(revoked["stored"][0]["fingerprint"], fetched["stored"][0]["fingerprint"]);
    assert_delivery_accepted(&stack, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_invocation_that_fails_is_listed_and_discarded() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let command = |action: &str, id: Option<&str>| json!({ "command": "failed_invocations", "action": action, "request_id": id });
    let failed = async || {
        let listed = stack.invoke("submit", &command("list", None)).await;
        listed["failed_invocations"].as_array().expect("a list").clone()
    };
    for earlier in failed().await {
        stack.invoke("submit", &command("discard", earlier["request_id"].as_str())).await;
    }
    stack.invoke_asynchronously("submit", &json!({ "command": "submit", "provider": "abyssale" })).await;
    // On AWS the retries follow after one and two minutes.
    let found =
        until_within(Duration::from_secs(360), "the record arrives", || async { failed().await.pop() }).await;
    assert_eq!(
        (&found["command"], &found["error"]["type"]),
        (&json!("submit"), &json!("Permanent.InvalidRequest"))
    );
    stack.invoke("submit", &command("discard", found["request_id"].as_str())).await;
    assert_eq!(failed().await, Vec::<Value>::new());
}
