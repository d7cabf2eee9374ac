//! The provider throttles: all submissions pause, and no job fails.

use serde_json::{Value, json};

use super::rate_limited_world;
use crate::world::World;

/// When the provider answered 429, and when the next request arrived, in milliseconds.
fn throttled_and_next_request(world: &World) -> (i64, i64) {
    let requests = world.export_requests();
    let time = |request: &Value| request["milliseconds"].as_i64().expect("a time");
    let throttled_at =
        requests.iter().find(|requests| requests["status"] == 429).map(time).expect("a rejection");
    // Requests that were already sent cannot be cancelled.
    let next_at = requests.iter().map(time).filter(|at| *at > throttled_at + 700).min().expect("a request");
    (throttled_at, next_at)
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_of_one_job_pauses_all_reserved_submissions() {
    let mut world =
        rate_limited_world(20.0, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0")).await;
    world.stack.pause_submissions();
    let responses = world.submit_burst(60).await;
    assert!(responses.iter().all(|response| response.status() == 202));
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 3 }));
    // Fifty of them have a reservation within the next seconds, and the first one is throttled.
    world.stack.resume_submissions();

    world.wait_until_submitted(60).await;
    let (throttled_at, next_at) = throttled_and_next_request(&world);
    assert!(next_at - throttled_at >= 3000, "the next request followed after {} ms", next_at - throttled_at);
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (61, 60));
}

#[tokio::test]
async fn a_long_retry_after_makes_the_job_wait_and_not_its_caller() {
    let world = rate_limited_world(5.0, |options| options).await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    let response = world.post(&world.export_request(1), &[]).await;

    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("waiting")), "{job}");
    assert_eq!(
        (&job["error"]["type"], &job["error"]["retryable"]),
        (&json!("ProviderThrottled"), &json!(true))
    );
    assert_eq!(job["error"]["provider"]["id"], "request_rate_limited");
    let behind = world.post(&world.export_request(1), &[]).await;
    assert_eq!((behind.status().as_u16(), &behind.body()["status"]), (202, &json!("waiting")));
    assert_eq!((world.export_requests().len(), world.queued_submissions().await), (1, 2));
}

#[tokio::test]
async fn a_short_retry_after_is_waited_within_the_request() {
    let world = rate_limited_world(5.0, |options| options).await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1, "count": 2 }));
    let response = world.post(&world.export_request(1), &[]).await;
    assert_eq!((response.status().as_u16(), &response.body()["status"]), (202, &json!("submitted")));
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (3, 1));
}
