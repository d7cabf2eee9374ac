//! Values of the provider that this version does not know are counted and logged once each, and change nothing else.
//!
//! They are remembered for as long as the process lives, so that each test has its own.

use http::Method;
use serde_json::{Value, json};

use crate::{log_capture::CapturedLog, world::World};

/// The unknown values that were counted, as `provider field value`.
fn unknown_values(log: &CapturedLog) -> Vec<String> {
    let lines = log.lines();
    let drift = lines.iter().filter(|line| line["metric"] == "ProviderDrift");
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    drift
        .map(|line| {
            assert_eq!((&line["count"], &line["level"]), (&json!(1), &json!("WARN")), "{line}");
            format!("{} {} {}", text(line, "provider"), text(line, "field"), text(line, "unknown_value"))
        })
        .collect()
}

#[tokio::test]
async fn a_newer_version_of_the_api_is_counted_once_and_the_job_is_stored() {
    let log = CapturedLog::start();
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "api_version": "v2031-01-31" }));
    for _ in 0..2 {
        let id = world.submit_export(1).await;
        world.wait_for_status(&id, "stored").await;
    }
    assert_eq!(unknown_values(&log), ["abyssale version v2031-01-31"]);
}

#[tokio::test]
async fn unknown_events_and_their_values_are_counted_once() {
    let log = CapturedLog::start();
    let world = World::start().await;
    let status = json!({ "id": "d", "status": "SHELVED", "status_updated_at": 1 });
    for body in
        [json!({ "event_type": "FONT_ADDED", "id": "f" }), json!({ "event_type": "FONT_ADDED" }), status]
    {
        let delivery = json!({ "url": world.subscription_url(), "sign": true, "body": body });
        assert_eq!(world.deliver(delivery).await, 200);
    }
    world.wait_for_empty_queue().await;
    let mut values = unknown_values(&log);
    values.sort_unstable();
    assert_eq!(values, ["abyssale design_status SHELVED", "abyssale event_type FONT_ADDED"]);
}

#[tokio::test]
async fn a_delivery_that_is_not_authentic_is_not_observed() {
    let log = CapturedLog::start();
    let world = World::start().await;
    let body = json!({ "event_type": "FORGED_EVENT" });
    assert_eq!(world.deliver(json!({ "url": world.subscription_url(), "body": body })).await, 401);
    assert_eq!(unknown_values(&log), Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_error_id_is_counted_without_the_secrets_that_it_repeats() {
    let log = CapturedLog::start();
    let world = World::start().await;
    let key = world.abyssale().describe()["api_key"].as_str().expect("a key").to_owned();
    for id in ["quota_of_moons", &key] {
        let body = json!({ "id": id, "message": "No." });
        world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 400, "body": body }));
        assert_eq!(world.post(&world.export_request(1), &[]).await.status(), 422);
    }
    assert!(unknown_values(&log).contains(&"abyssale error_id quota_of_moons".to_owned()));
    world.assert_no_secret_in(&log.text()).await;
}
