//! Retried states: the same request with the same key, and a new token each time.

use harness::until;
use http::Method;
use serde_json::json;

use super::TOKEN;
use crate::world::World;

/// The token of a later attempt.
fn token_of_attempt(number: u32) -> String {
    format!("later{number}")
}

impl World {
    /// Submits the same export again, for a state with this token.
    async fn submit_again(&self, token: &str) -> serde_json::Value {
        let mut event = self.waiting_export_request(1, json!({ "task_token": token }));
        event["idempotency_key"] = json!("execution 7");
        self.invoke(event).await.expect("a job")
    }
}

#[tokio::test]
async fn a_retried_state_finds_its_job_and_waits_with_its_new_token() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 3600 }));
    let first = world.submit_again(TOKEN).await;
    let second = world.submit_again(&token_of_attempt(1)).await;
    assert_eq!(first["job_id"], second["job_id"]);
    assert_eq!(second["notify"]["waiting"], 2);
    world.advance_to_next_delivery();
    for token in [TOKEN, "later1"] {
        assert_eq!(world.wait_for_task_success(token).await["job"]["job_id"], first["job_id"]);
    }
    assert_eq!(world.accepted_exports(), 1);
}

#[tokio::test]
async fn a_retried_state_of_a_finished_job_gets_its_result_before_the_response() {
    let world = World::start().await;
    let id = world.submit_again(TOKEN).await["job_id"].as_str().expect("an id").to_owned();
    world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(&id).await;
    world.submit_again(&token_of_attempt(1)).await;
    assert_eq!(world.task_results("later1").len(), 1);
    world.wait_until_no_waiters(&id).await;
}

#[tokio::test]
async fn of_more_than_ten_tokens_the_newest_ten_get_the_result() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 3600 }));
    world.submit_again(TOKEN).await;
    for number in 1..=10 {
        world.submit_again(&token_of_attempt(number)).await;
    }
    world.advance_to_next_delivery();
    for number in 1..=10 {
        world.wait_for_task_success(&token_of_attempt(number)).await;
    }
    assert_eq!(world.task_results(TOKEN), []);
}

#[tokio::test]
async fn a_throttled_state_waits_with_its_next_token_only() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    let mut event = world.waiting_export_request(1, json!({ "task_token": TOKEN }));
    event["idempotency_key"] = json!("execution 7");
    let failure = world.invoke(event).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Retryable.ProviderThrottled");
    world.submit_again(&token_of_attempt(1)).await;
    world.wait_for_task_success("later1").await;
    world.sweep(3600).await;
    assert_eq!(world.task_results(TOKEN), []);
}

#[tokio::test]
async fn a_state_that_timed_out_is_removed_and_does_not_fail_the_job() {
    let world = World::start().await;
    world.cloud.end_task(TOKEN);
    let id = world.submit_again(TOKEN).await["job_id"].as_str().expect("an id").to_owned();
    world.wait_for_status(&id, "stored").await;
    world.wait_until_no_waiters(&id).await;
    assert_eq!(world.task_results(TOKEN), []);
    until("no job is due", || async { (world.sweep(3600).await["checked"] == 0).then_some(()) }).await;
}
