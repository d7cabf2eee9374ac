//! The command `signing_secret`, while deliveries arrive.

mod concurrent_changes;
mod first_secret;
mod log_secrecy;
mod required_signatures;
mod rotation;

use harness::cloud::FunctionError;
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Runs an action that succeeds, and checks that the result contains no secret.
    async fn run_signing_secret(&self, action: &str) -> Value {
        let response = self.try_signing_secret(json!({ "action": action })).await;
        response.unwrap_or_else(|failure| panic!("{action}: {}", failure.error_message))
    }

    /// Runs the command with these fields. It may fail.
    async fn try_signing_secret(&self, fields: Value) -> Result<Value, FunctionError> {
        let mut event = json!({ "command": "signing_secret", "provider": "abyssale" });
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        let response = self.invoke(event).await;
        self.assert_no_secret_in(&format!("{response:?}")).await;
        response
    }

    /// Checks that a text contains none of the secrets of Landfall and the provider.
    pub(crate) async fn assert_no_secret_in(&self, text: &str) {
        let held = self.secret().await;
        let section = &held["providers"]["abyssale"];
        let signing = section["signing_secrets"].as_array().into_iter().flatten();
        for secret in signing.chain([&held["callback_key"], &section["api_key"]]).filter_map(Value::as_str) {
            assert!(secret.is_empty() || !text.contains(secret), "a secret is shown: {text}");
        }
        assert!(!text.contains("whsec_"), "a secret is shown: {text}");
    }

    /// The signing secrets that Landfall has stored.
    async fn stored_signing_secrets(&self) -> Vec<Value> {
        let secret = self.secret().await;
        secret["providers"]["abyssale"]["signing_secrets"].as_array().cloned().unwrap_or_default()
    }

    /// Sets up a workspace that never had a signing secret, and removes Landfall's.
    async fn remove_signing_secrets(&self) {
        self.admin(Method::POST, "/reset", json!({ "secrets": true }));
        self.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 0.05 }));
        self.set_signing_secrets(json!([])).await;
    }

    /// A URL of the receiver that is not found and needs no secret.
    fn unknown_webhook_url(&self) -> String {
        format!("{}/nowhere", self.webhook.url)
    }

    /// Makes the provider's signer read its secrets, which it caches for as long as the knob `secret_cache_seconds`
    /// says.
    async fn warm_signing_cache(&self) {
        assert_eq!(self.deliver(json!({ "url": self.unknown_webhook_url(), "sign": true })).await, 404);
    }

    /// The number of requests to this path of the provider.
    fn provider_request_count(&self, method: &str, path: &str) -> usize {
        let requests = format!("/requests?method={method}&path={path}");
        self.admin(Method::GET, &requests, Value::Null).as_array().map_or(0, Vec::len)
    }

    /// The number of signatures in each delivery's last attempt, in the order of the deliveries.
    fn signature_counts(&self) -> Vec<usize> {
        let last = |sent: &Value| {
            let attempt = sent["attempts"].as_array()?.last()?;
            Some(
                attempt["headers"]["x-abyssale-signature"]
                    .as_str()
                    .unwrap_or_default()
                    .matches("v1=")
                    .count(),
            )
        };
        self.deliveries().iter().filter_map(last).collect()
    }
}

#[tokio::test]
async fn an_invalid_command_is_rejected_with_the_field_name() {
    let world = World::start().await;
    for (fields, named) in [
        (json!({}), "action"),
        (json!({ "action": "sing" }), "action"),
        (json!({ "action": "fetch", "provider": "nobody" }), "provider"),
        (json!({ "action": "fetch", "more": 1 }), "more"),
        (json!({ "action": "fetch", "force": true }), "force"),
        (json!({ "action": "rotate", "force": "yes" }), "force"),
    ] {
        let failure = world.try_signing_secret(fields.clone()).await.expect_err("a rejection");
        assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{fields}");
        assert!(failure.error_message.contains(named), "{fields}: {}", failure.error_message);
    }
    assert_eq!(world.provider_request_count("POST", "/signing-secret/rotate"), 0);
}

#[tokio::test]
async fn a_rejected_api_key_is_a_credentials_error() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "api_key_revoked": true }));
    let failure = world.try_signing_secret(json!({ "action": "rotate" })).await.expect_err("a rejection");
    assert_eq!(failure.error_type, "Permanent.ProviderCredentials");
}
