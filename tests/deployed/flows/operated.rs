//! What an operator does by direct invocation, under the submit function's own role.

use http::Method;
use serde_json::{Value, json};

use super::{TURN, skipped, stored, submitted};
use crate::stack::Deployed;

async fn signing(stack: &Deployed, action: &str) -> Value {
    let event = json!({ "command": "signing_secret", "provider": "abyssale", "action": action });
    let answer = stack.invoke("submit", &event).await;
    assert_eq!(answer["in_sync"], true, "{action}: {answer:#}");
    answer
}

/// Exports something, and checks that the delivery was signed with so many codes and let in.
async fn delivers_signed(stack: &Deployed, codes: usize) {
    stored(stack, &submitted(stack).await).await;
    let deliveries = stack.control(Method::GET, "/deliveries", &Value::Null);
    let last = deliveries.as_array().and_then(|all| all.last()).expect("a delivery");
    let attempt = last["attempts"].as_array().and_then(|all| all.last()).expect("an attempt");
    let signature = attempt["headers"]["x-abyssale-signature"].as_str().unwrap_or_default();
    assert_eq!((&attempt["status"], signature.matches("v1=").count()), (&json!(200), codes), "{last:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_everything_in_order() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let design = stack.simulator.describe()["designs"]["static"][0]["id"].clone();
    let event = json!({ "command": "check", "provider": "abyssale", "design_id": design });
    let answer = stack.invoke("submit", &event).await;
    assert_eq!(answer["ok"], true, "{answer:#}");
    let checks = answer["checks"].as_array().expect("checks");
    for name in ["table", "receiver", "callback_key", "key", "plan", "design", "signing"] {
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.map(|check| &check["status"]), Some(&json!("ok")), "{name}: {answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_is_fetched_rotated_and_revoked_while_deliveries_come() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    stack.hold_signing_secrets(&json!([])).await;
    let fetched = signing(&stack, "fetch").await;
    assert_eq!(fetched["stored_total"], 1, "{fetched:#}");
    delivers_signed(&stack, 1).await;
    let rotated = signing(&stack, "rotate").await;
    assert_eq!(rotated["stored_total"], 2, "{rotated:#}");
    delivers_signed(&stack, 2).await;
    let revoked = signing(&stack, "revoke").await;
    assert_eq!(revoked["stored_total"], 1, "{revoked:#}");
    assert_ne!(revoked["stored"][0]["fingerprint"], fetched["stored"][0]["fingerprint"]);
    delivers_signed(&stack, 1).await;
}
