//! Failures and concurrent changes between the provider's secret and Landfall's.

use harness::{
    SECRET,
    cloud::{Outage, Service},
    until,
};
use serde_json::{Value, json};

use crate::world::World;

const ROTATE: &str = "POST /signing-secret/rotate";

#[tokio::test]
async fn a_rotation_changes_nothing_else_in_the_secret() {
    let world = World::start().await;
    let mut before = world.secret().await;
    before["more"] = json!({ "of": ["somebody's", 1.5, null] });
    before["providers"]["other"] = json!({ "api_key": "x" });
    before["providers"]["abyssale"]["remark"] = json!("mine");
    world.put_secret(&before).await;
    world.run_signing_secret("rotate").await;
    let mut after = world.secret().await;
    for secret in [&mut before, &mut after] {
        let section = secret["providers"]["abyssale"].as_object_mut().expect("a section");
        section.remove("signing_secrets");
        section.remove("signing_secrets_until");
    }
    assert_eq!(after, before);
}

#[tokio::test]
async fn concurrent_changes_of_the_secret_are_not_lost() {
    let world = World::start().await;
    let late = |route: &str| json!({ "on": "call", "route": route, "kind": "late", "seconds": 1 });
    for (route, field) in [("GET /signing-secret", "first"), (ROTATE, "second")] {
        world.inject_fault(late(route));
        let (method, path) = route.split_once(' ').expect("a method");
        let before = world.provider_request_count(method, path);
        let other = async {
            until("the provider is called", || async {
                (world.provider_request_count(method, path) > before).then_some(())
            })
            .await;
            let mut secret = world.secret().await;
            secret[field] = json!("mine");
            world.put_secret(&secret).await;
        };
        let forced = json!({ "action": "rotate", "force": true });
        let (rotated, ()) = tokio::join!(world.try_signing_secret(forced), other);
        assert_eq!(rotated.expect("a rotation")["in_sync"], true);
    }
    let secret = world.secret().await;
    assert_eq!((&secret["first"], &secret["second"]), (&json!("mine"), &json!("mine")));
    assert_eq!(world.run_signing_secret("status").await["in_sync"], true);
}

#[tokio::test]
async fn a_rotation_whose_response_was_lost_is_read_back_and_not_repeated() {
    let world = World::start().await;
    let before = world.stored_signing_secrets().await;
    world.inject_fault(json!({ "on": "call", "route": ROTATE, "kind": "lost_response" }));
    let rotated = world.run_signing_secret("rotate").await;
    assert_eq!((&rotated["in_sync"], &rotated["stored_total"]), (&json!(true), &json!(2)), "{rotated:#}");
    assert_eq!(world.stored_signing_secrets().await[1], before[0]);
    assert_eq!(world.provider_request_count("POST", "/signing-secret/rotate"), 1);
}

#[tokio::test]
async fn a_rotation_of_unknown_outcome_is_reported_as_unknown() {
    let world = World::start().await;
    let before = world.secret().await;
    world.inject_fault(json!({ "on": "call", "route": ROTATE, "kind": "gateway_error", "status": 504 }));
    let failure = world.try_signing_secret(json!({ "action": "rotate" })).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Permanent.ProviderOutcomeUnknown");
    assert_eq!(world.secret().await, before);
    assert_eq!(world.provider_request_count("POST", "/signing-secret/rotate"), 1);
}

#[tokio::test]
async fn reading_the_secret_is_retried_after_a_temporary_failure() {
    let world = World::start().await;
    world.inject_fault(
        json!({ "on": "call", "route": "GET /signing-secret", "kind": "gateway_error", "status": 502 }),
    );
    assert_eq!(world.run_signing_secret("fetch").await["in_sync"], true);
    assert_eq!(world.provider_request_count("GET", "/signing-secret"), 2);
}

#[tokio::test]
async fn a_rotation_that_could_not_be_stored_rejects_no_delivery_and_is_completed_by_a_fetch() {
    let world = World::start().await;
    let before = world.secret().await;
    world.cloud.faults().set(Service::SecretsManager, Outage::RefuseWrites503);
    let failure = world.try_signing_secret(json!({ "action": "rotate" })).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Retryable.StorageUnavailable");
    assert!(failure.error_message.contains("fetch"), "{}", failure.error_message);
    assert_eq!(world.secret().await, before);

    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.wait_for_attempts(&world.callback_url(&id), 1).await, [200]);
    world.cloud.faults().set(Service::SecretsManager, Outage::None);
    assert_eq!(world.run_signing_secret("fetch").await["stored_total"], 2);
}

#[tokio::test]
async fn a_write_whose_response_was_lost_is_recognised() {
    let world = World::start().await;
    world.cloud.faults().next(Service::SecretsManager, "UpdateSecretVersionStage", Outage::LoseAnswers, 1);
    let rotated = world.run_signing_secret("rotate").await;
    assert_eq!((&rotated["in_sync"], world.stored_signing_secrets().await.len()), (&json!(true), 2));
}

#[tokio::test]
async fn the_replaced_version_is_kept_as_awsprevious() {
    let world = World::start().await;
    let before = world.secret().await;
    world.run_signing_secret("rotate").await;
    let previous = world.aws.secrets.get_secret_value().secret_id(SECRET).version_stage("AWSPREVIOUS");
    let previous = previous.send().await.expect("a version");
    let text = previous.secret_string().expect("a text");
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), before);
}
