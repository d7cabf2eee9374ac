//! The command `check`: configuration, credentials and connectivity.

use std::collections::BTreeMap;

use harness::cloud::{Outage, Service};
use http::Method;
use serde_json::{Value, json};

use crate::{log_capture::CapturedLog, world::World};

impl World {
    /// Checks Abyssale, with these additional fields. Returns whether all checks passed, and each check's status and
    /// detail.
    async fn run_check(&self, fields: Value) -> (bool, BTreeMap<String, (String, String)>) {
        let mut event = json!({ "command": "check", "provider": "abyssale" });
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        let response = self.invoke(event).await.expect("a response");
        self.assert_no_secret_in(&response.to_string()).await;
        let text = |check: &Value, name: &str| check[name].as_str().expect("a text").to_owned();
        let checks = response["checks"].as_array().expect("checks").iter();
        let checks =
            checks.map(|check| (text(check, "name"), (text(check, "status"), text(check, "detail"))));
        (response["ok"] == true, checks.collect())
    }

    /// Checks that only this check failed, and that its detail contains this text.
    async fn assert_only_failure(&self, name: &str, detail: &str) {
        let (ok, checks) = self.run_check(Value::Null).await;
        assert!(!ok, "{checks:#?}");
        let failed: Vec<_> = checks.iter().filter(|(_, (status, _))| status == "failed").collect();
        assert_eq!(failed.len(), 1, "{checks:#?}");
        assert!(failed[0].0 == name && failed[0].1.1.contains(detail), "{failed:?}");
    }

    fn set_knobs(&self, knobs: Value) {
        self.admin(Method::PUT, "/knobs", knobs);
    }
}

#[tokio::test]
async fn a_correct_deployment_passes_every_check() {
    let world = World::start().await;
    let (ok, checks) = world.run_check(Value::Null).await;
    assert!(ok, "{checks:#?}");
    let statuses: Vec<_> =
        checks.iter().map(|(name, (status, _))| (name.as_str(), status.as_str())).collect();
    // The harness serves plain http on a port of this machine.
    let expected = [
        ("callback_key", "ok"),
        ("callback_url", "warning"),
        ("credits", "ok"),
        ("key", "ok"),
        ("plan", "ok"),
        ("receiver", "ok"),
        ("signing", "ok"),
        ("subscriptions", "ok"),
        ("table", "ok"),
        ("webhook_secret", "ok"),
    ];
    assert_eq!(statuses, expected, "{checks:#?}");
    assert!(checks["key"].1.contains("Acme Inc."));
    assert!(checks["callback_url"].1.contains("not https") && checks["callback_url"].1.contains("port"));
}

#[tokio::test]
async fn a_check_changes_nothing() {
    let world = World::start().await;
    world.set_signing_secrets(json!([])).await;
    let (secret, calls) = (world.secret().await, world.accepted_exports());
    let (ok, checks) = world.run_check(Value::Null).await;
    // Reading the provider's secret would create one, so the check does not read it.
    let requests = world.admin(Method::GET, "/requests?path=/signing-secret", Value::Null);
    assert_eq!(requests, json!([]));
    assert!(ok && checks["signing"].0 == "warning" && checks["signing"].1.contains("not signed"));
    assert_eq!((world.secret().await, world.accepted_exports()), (secret, calls));
    assert_eq!(world.table_items().await.len(), 0);
}

#[tokio::test]
async fn a_rejected_key_fails_every_check_that_needs_it() {
    let world = World::start().await;
    world.set_knobs(json!({ "api_key_revoked": true }));
    let (ok, checks) = world.run_check(Value::Null).await;
    let failed = ["key", "plan", "signing"].map(|name| checks[name].0.as_str());
    assert_eq!((ok, failed), (false, ["failed"; 3]), "{checks:#?}");
    assert_eq!(checks["receiver"].0, "ok");
}

#[tokio::test]
async fn a_plan_without_api_access_is_reported_although_a_user_key_is_accepted() {
    let world = World::start().await;
    world.set_signing_secrets(json!([])).await;
    world.set_knobs(json!({ "api_access": false, "user_scoped_key": true }));
    world.assert_only_failure("plan", "API access").await;
}

#[tokio::test]
async fn a_missing_key_fails_the_check() {
    let world = World::start().await;
    let complete = world.secret().await;
    let mut secret = complete.clone();
    secret["callback_key"] = json!("");
    world.put_secret(&secret).await;
    world.assert_only_failure("callback_key", "callback_key").await;
    secret = complete;
    secret["providers"]["abyssale"]["api_key"] = json!("");
    secret["providers"]["abyssale"]["signing_secrets"] = json!([]);
    world.put_secret(&secret).await;
    world.assert_only_failure("key", "API key").await;
}

#[tokio::test]
async fn a_signing_secret_that_differs_from_the_providers_fails_the_check() {
    let world = World::start().await;
    world.set_signing_secrets(json!(["whsec_of_another_workspace"])).await;
    world.assert_only_failure("signing", "not stored").await;
}

#[tokio::test]
async fn missing_signatures_fail_the_check_only_where_they_are_required() {
    let world = World::start_with(|options| options.variable("REQUIRE_SIGNATURES", "true")).await;
    world.set_signing_secrets(json!([])).await;
    world.assert_only_failure("signing", "not signed").await;
}

#[tokio::test]
async fn an_unusable_webhook_secret_is_reported_with_its_remedy() {
    let world = World::start().await;
    let (_, detail) = &world.run_check(Value::Null).await.1["webhook_secret"];
    assert!(detail.contains("the first job with notify.webhook_url creates it"), "{detail}");
    let mut secret = world.secret().await;
    secret["notify_signing_secrets"] = json!(["no such key"]);
    world.put_secret(&secret).await;
    let (ok, checks) = world.run_check(Value::Null).await;
    let (status, detail) = &checks["webhook_secret"];
    assert!(ok && status == "warning" && detail.contains("notify.webhook_url are rejected"), "{detail}");
    assert!(detail.contains("correct it, or remove it"), "{detail}");

    secret["notify_signing_secrets"] = json!([]);
    world.put_secret(&secret).await;
    world.invoke(json!({ "command": "complete_secret" })).await.expect("a secret");
    let (status, detail) = &world.run_check(Value::Null).await.1["webhook_secret"];
    assert!(status == "ok" && detail.starts_with("there is a secret"), "{detail}");
}

#[tokio::test]
async fn the_credits_are_shown_and_few_of_them_are_a_warning() {
    let log = CapturedLog::start();
    let world = World::start_with(|options| options.variable("ABYSSALE_CREDITS_WARNING", "20")).await;
    let check = async || {
        let (ok, mut checks) = world.run_check(Value::Null).await;
        assert!(ok, "{checks:#?}");
        checks.remove("credits").expect("the check")
    };
    let (status, detail) = check().await;
    assert!(status == "ok" && detail.contains("generation credits: unlimited"), "{detail}");
    assert!(log.metric_values("ProviderCreditsLeft").is_empty(), "nothing is measured without a limit");

    for (credits, extra, expected) in [(21, 0, "ok"), (10, 11, "ok"), (10, 10, "warning"), (0, 0, "warning")]
    {
        world.set_knobs(json!({ "credits": credits, "extra_credits": extra }));
        let (status, detail) = check().await;
        assert_eq!(status, expected, "{detail}");
        assert!(detail.contains(&format!("{credits} of {credits} available, {extra} extra")), "{detail}");
        assert!(detail.contains("AI credits: 100 of 100 available"), "{detail}");
    }
    assert_eq!(log.metric_values("ProviderCreditsLeft"), [21.0, 21.0, 20.0, 0.0]);
    world.inject_fault(json!({
        "on": "call", "route": "GET /credits", "kind": "answer", "status": 404, "body": { "id": "endpoint_not_found" },
    }));
    let (status, detail) = check().await;
    assert!(status == "warning" && detail.contains("cannot be read"), "{detail}");
}

#[tokio::test]
async fn the_schedule_measures_the_credits_of_providers_with_a_level() {
    let log = CapturedLog::start();
    let world = World::start_with(|options| options.variable("ABYSSALE_CREDITS_WARNING", "20")).await;
    world.set_knobs(json!({ "credits": 70, "extra_credits": 7 }));
    let read = async || world.invoke(json!({ "command": "read_credits" })).await.expect("a response");
    let balance = |kind: &str, left: u32, limit: u32, extra: u32| json!({ "kind": kind, "left": left, "available": limit, "limit": limit, "consumed": 0, "extra": extra });
    let credits = [balance("generation", 77, 70, 7), balance("AI", 100, 100, 0)];
    assert_eq!(read().await, json!({ "providers": [{ "provider": "abyssale", "credits": credits }] }));
    assert_eq!(log.metric_values("ProviderCreditsLeft"), [77.0]);

    world.set_knobs(json!({ "api_key_revoked": true }));
    let failed = &read().await["providers"][0];
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("API key")), "{failed}");
    let failure = world.invoke(json!({ "command": "read_credits", "more": 1 })).await;
    assert_eq!(failure.expect_err("a rejection").error_type, "Permanent.InvalidRequest");
}

#[tokio::test]
async fn the_schedule_sends_no_request_without_a_level() {
    let world = World::start().await;
    let response = world.invoke(json!({ "command": "read_credits" })).await.expect("a response");
    assert_eq!(response, json!({ "providers": [] }));
    assert_eq!(world.admin(Method::GET, "/requests?path=/credits", Value::Null), json!([]));
}

#[tokio::test]
async fn a_newer_version_of_the_api_is_a_warning() {
    let world = World::start().await;
    world.set_knobs(json!({ "api_version": "v2026-12-24" }));
    let (ok, checks) = world.run_check(Value::Null).await;
    let (status, detail) = &checks["key"];
    assert!(
        ok && status == "warning" && detail.contains("v2026-12-24 is newer than v2026-11-09"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_check_describes_a_design() {
    let world = World::start().await;
    let id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    let response = |status: u16, body: Value| {
        let route = "GET /designs/*";
        world.inject_fault(
            json!({ "on": "call", "route": route, "kind": "answer", "status": status, "body": body }),
        );
    };
    response(200, json!({ "id": id, "name": "Spring", "type": "animated", "formats": [{ "id": "story" }] }));
    let (ok, checks) = world.run_check(json!({ "design_id": id })).await;
    assert!(ok && checks["design"].0 == "ok", "{checks:#?}");
    assert!(checks["design"].1.contains("story") && checks["design"].1.contains("mp4, gif, html5"));

    response(404, json!({ "id": "template_not_found", "message": "No." }));
    let (ok, checks) = world.run_check(json!({ "design_id": id })).await;
    assert!(!ok && checks["design"].0 == "failed", "{checks:#?}");
    let failure = world.invoke(json!({ "command": "check", "provider": "abyssale", "design_id": 7 })).await;
    assert_eq!(failure.expect_err("a rejection").error_type, "Permanent.InvalidRequest");
}

#[tokio::test]
async fn an_unreachable_receiver_is_named() {
    let nowhere = "https://receiver.example.invalid";
    let world = World::start_with(|options| options.variable("WEBHOOK_URL", nowhere)).await;
    world.assert_only_failure("receiver", "cannot be reached").await;
}

#[tokio::test]
async fn an_unavailable_table_is_named() {
    let world = World::start().await;
    world.cloud.faults().set(Service::DynamoDb, Outage::Refuse503);
    world.assert_only_failure("table", "table").await;
}

#[tokio::test]
async fn an_unreadable_secret_fails_its_check_and_the_receivers() {
    let world = World::start().await;
    world.cloud.faults().set(Service::SecretsManager, Outage::Refuse503);
    let response =
        world.invoke(json!({ "command": "check", "provider": "abyssale" })).await.expect("a response");
    let status = |name: &str| {
        let checks = response["checks"].as_array().into_iter().flatten();
        checks.into_iter().find(|check| check["name"] == name).map(|check| check["status"].clone())
    };
    assert_eq!(response["ok"], false);
    let statuses = ["secret", "receiver", "table", "key"].map(status);
    assert_eq!(
        statuses,
        [Some(json!("failed")), Some(json!("failed")), Some(json!("ok")), None],
        "{response:#}"
    );
}
