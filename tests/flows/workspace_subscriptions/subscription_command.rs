//! The command `subscription`: the workspace's events reach this installation, once, and the check tells whether they do.

use harness::cloud::{FunctionError, Outage, Service};
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Runs the command for an event. Its response and its error contain no URL.
    async fn try_subscription(&self, action: &str, event: &str) -> Result<Value, FunctionError> {
        let command = json!({
            "command": "subscription", "provider": "abyssale", "action": action, "event": event,
        });
        let response = self.invoke(command).await;
        assert!(!format!("{response:?}").contains(&self.subscription_url()), "{response:?}");
        response
    }

    /// Runs the command. Returns its outcome and the id of the subscription.
    async fn run_subscription(&self, action: &str, event: &str) -> (String, Option<String>) {
        let response = self.try_subscription(action, event).await;
        let response = response.unwrap_or_else(|failure| panic!("{action}: {}", failure.error_message));
        let text = |name: &str| response[name].as_str().map(str::to_owned);
        (text("outcome").expect("an outcome"), text("subscription_id"))
    }

    /// The subscriptions that the provider has: type, URL and id.
    fn subscriptions(&self) -> Vec<(String, String, String)> {
        let listed = self.admin(Method::GET, "/subscriptions", Value::Null);
        let text = |subscription: &Value, name: &str| subscription[name].as_str().expect("a text").to_owned();
        let listed = listed.as_array().expect("a list").iter();
        listed.map(|one| (text(one, "type"), text(one, "hook_url"), text(one, "id"))).collect()
    }

    /// The status and the detail of the check of the subscriptions. Whatever it finds, the deployment can be used.
    async fn check_subscriptions(&self) -> (String, String) {
        let response = self.invoke(json!({ "command": "check", "provider": "abyssale" })).await;
        let response = response.expect("a response");
        assert_eq!(response["ok"], true, "{response:#}");
        let mut checks = response["checks"].as_array().expect("checks").iter();
        let check = checks.find(|check| check["name"] == "subscriptions").expect("the check");
        let text = |name: &str| check[name].as_str().expect("a text").to_owned();
        (text("status"), text("detail"))
    }
}

#[tokio::test]
async fn a_subscription_delivers_the_events_of_the_workspace() {
    let world = World::start_with(|options| options.variable("IMPORT_KINDS", "export")).await;
    let (outcome, id) = world.run_subscription("subscribe", "new_export").await;
    let expected = ("new_export".to_owned(), world.subscription_url(), id.expect("an id"));
    assert_eq!((outcome.as_str(), world.subscriptions()), ("created", vec![expected]));
    world.export_in_platform(json!({})).await;
    assert_eq!(world.imported_job().await["status"], "stored");
}

#[tokio::test]
async fn a_second_subscribe_finds_the_first_one_and_unsubscribe_removes_it() {
    let world = World::start().await;
    let (_, id) = world.run_subscription("subscribe", "new_export").await;
    assert_eq!(world.run_subscription("subscribe", "new_export").await, ("exists".into(), id.clone()));
    let (other, _) = world.run_subscription("subscribe", "new_banner_batch").await;
    assert_eq!((other.as_str(), world.subscriptions().len()), ("created", 2));

    assert_eq!(world.run_subscription("unsubscribe", "new_export").await, ("removed".into(), id.clone()));
    assert_eq!(world.run_subscription("unsubscribe", "new_export").await, ("missing".into(), None));
    assert_eq!(world.subscriptions().len(), 1);
    let (outcome, new_id) = world.run_subscription("subscribe", "new_export").await;
    assert!(outcome == "created" && new_id != id);
}

#[tokio::test]
async fn a_subscription_that_was_removed_in_the_dashboard_is_created_anew() {
    let world = World::start().await;
    let (_, id) = world.run_subscription("subscribe", "new_export").await;
    assert!(world.check_subscriptions().await.1.contains("point to this receiver: new_export"));
    let id = id.expect("an id");
    world.admin(Method::DELETE, &format!("/subscriptions/{id}"), Value::Null);
    let (status, detail) = world.check_subscriptions().await;
    assert!(status == "warning" && detail.contains("new_export does not exist any more"), "{detail}");
    assert!(detail.contains("landfall subscribe abyssale"), "{detail}");

    let (outcome, new_id) = world.run_subscription("subscribe", "new_export").await;
    assert!(outcome == "created" && new_id != Some(id));
    assert_eq!(world.check_subscriptions().await.0, "ok");
    let ended = world.run_subscription("unsubscribe", "new_export").await;
    assert_eq!(ended, ("removed".into(), new_id));
}

#[tokio::test]
async fn a_subscription_that_points_elsewhere_is_replaced() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "subscription_shows_url": true }));
    let (_, id) = world.run_subscription("subscribe", "new_export").await;
    // The receiver of an earlier deployment, with the same id.
    let elsewhere =
        json!({ "hook_url": "https://former.example.com/webhooks/abyssale", "type": "new_export" });
    let former = world.call_abyssale("/subscribe", elsewhere).await["id"].as_str().expect("an id").to_owned();
    world.point_record_to(&former).await;
    let (status, detail) = world.check_subscriptions().await;
    assert!(status == "warning" && detail.contains("new_export points to another URL"), "{detail}");

    let (outcome, new_id) = world.run_subscription("subscribe", "new_export").await;
    assert_eq!(outcome, "replaced");
    let ids: Vec<String> = world.subscriptions().into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids, [id, new_id].map(|id| id.expect("an id")), "the former one is removed");
    assert_eq!(world.check_subscriptions().await.0, "ok");
}

impl World {
    /// Changes the id of the recorded subscription to exports.
    async fn point_record_to(&self, id: &str) {
        use aws_sdk_dynamodb::types::AttributeValue;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self.aws.dynamodb.update_item().table_name(harness::TABLE);
        let update =
            update.key("pk", text("SUBSCRIPTION#abyssale#new_export")).key("sk", text("SUBSCRIPTION"));
        let update = update.update_expression("SET subscription_id = :id");
        update.expression_attribute_values(":id", text(id)).send().await.expect("written");
    }
}

#[tokio::test]
async fn concurrent_subscribes_leave_one_subscription() {
    let world = World::start().await;
    let (one, other) = tokio::join!(
        world.run_subscription("subscribe", "new_export"),
        world.run_subscription("subscribe", "new_export"),
    );
    assert_eq!(one.1, other.1);
    assert_eq!(world.subscriptions().len(), 1);
}

#[tokio::test]
async fn a_subscription_that_cannot_be_recorded_is_removed_again() {
    let world = World::start().await;
    world.cloud.faults().next(Service::DynamoDb, "PutItem", Outage::Refuse503, 3);
    let failure = world.try_subscription("subscribe", "new_export").await.expect_err("a failure");
    assert_eq!(failure.error_type, "Retryable.StorageUnavailable");
    assert_eq!(world.subscriptions(), []);
    assert_eq!(world.run_subscription("subscribe", "new_export").await.0, "created");
}

#[tokio::test]
async fn a_lost_response_is_an_unknown_outcome_with_advice() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "route": "POST /subscribe", "kind": "lost_response" }));
    let failure = world.try_subscription("subscribe", "new_export").await.expect_err("a failure");
    assert_eq!(failure.error_type, "Permanent.ProviderOutcomeUnknown");
    assert!(failure.error_message.contains("dashboard"), "{}", failure.error_message);
    assert_eq!(world.subscriptions().len(), 1, "it is not sent twice");
}

#[tokio::test]
async fn a_workspace_without_a_stored_signing_secret_is_not_subscribed() {
    let world = World::start().await;
    world.set_signing_secrets(json!([])).await;
    let failure = world.try_subscription("subscribe", "new_export").await.expect_err("a failure");
    assert_eq!(failure.error_type, "Permanent.Misconfigured");
    assert!(
        failure.error_message.contains("landfall signing-secret abyssale fetch"),
        "{}",
        failure.error_message
    );
    assert_eq!(world.subscriptions(), []);
}

#[tokio::test]
async fn the_subscription_service_has_its_own_url() {
    let nowhere = "http://127.0.0.1:1";
    let world = World::start_with(|options| options.variable("ABYSSALE_SUBSCRIPTIONS_URL", nowhere)).await;
    let failure = world.try_subscription("subscribe", "new_export").await.expect_err("a failure");
    assert_eq!(failure.error_type, "Retryable.ProviderUnavailable");
    assert_eq!(world.subscriptions(), []);
}

#[tokio::test]
async fn an_invalid_command_is_rejected_with_the_field_name() {
    let world = World::start().await;
    for (fields, named) in [
        (json!({ "provider": "abyssale" }), "action"),
        (json!({ "provider": "abyssale", "action": "renew", "event": "new_export" }), "action"),
        (json!({ "provider": "abyssale", "action": "subscribe" }), "event"),
        (json!({ "provider": "abyssale", "action": "subscribe", "event": "NEW_EXPORT" }), "new_banner_batch"),
        (json!({ "provider": "abyssale", "action": "subscribe", "event": "new_export", "more": 1 }), "more"),
        (json!({ "provider": "ai_studios", "action": "subscribe", "event": "new_export" }), "provider"),
        (json!({ "provider": "nobody", "action": "subscribe", "event": "new_export" }), "provider"),
    ] {
        let mut command = fields.clone();
        command["command"] = json!("subscription");
        let failure = world.invoke(command).await.expect_err("a rejection");
        assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{fields}");
        assert!(failure.error_message.contains(named), "{fields}: {}", failure.error_message);
    }
}
