//! The tiers of requests: each has its own budgets, waits for its own, and pauses alone.

use http::Method;
use serde_json::{Value, json};

use super::rate_limited_world;
use crate::world::World;

/// A world with the default ceiling, and these budgets on both sides.
async fn world_with_write_budget(setting: &str, windows: Value) -> World {
    let setting = format!("write={setting}");
    let world = rate_limited_world(8.0, |options| {
        options.variable("ABYSSALE_RATE_LIMITS", setting).variable("MAX_SUBMIT_WAIT_SECONDS", "1")
    });
    let world = world.await;
    world.admin(Method::PUT, "/knobs", json!({ "tiers": { "write": windows }, "gateway_per_second": 10 }));
    world
}

impl World {
    /// Submits an export and returns its status.
    async fn export_status(&self) -> Value {
        let response = self.post(&self.export_request(1), &[]).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        response.body()["status"].clone()
    }

    /// The API calls that were answered 429.
    fn throttled_requests(&self) -> usize {
        let requests = self.admin(Method::GET, "/requests?endpoint=api", Value::Null);
        requests.as_array().into_iter().flatten().filter(|request| request["status"] == 429).count()
    }

    /// The most requests of the write tier in any period of so many seconds.
    fn most_writes(&self, seconds: u32) -> u64 {
        let peak =
            self.admin(Method::GET, &format!("/requests/peak?tier=write&window={seconds}"), Value::Null);
        peak["requests"].as_u64().expect("a count")
    }
}

#[tokio::test]
async fn exports_beyond_the_write_budget_wait_and_generations_do_not() {
    let world = world_with_write_budget("3/4s", json!([{ "requests": 3, "seconds": 4 }])).await;
    for _ in 0..3 {
        assert_eq!(world.export_status().await, "submitted");
    }
    assert_eq!(world.export_status().await, "waiting");
    let generation = world.submit_request(&world.three_format_request()).await;
    assert_ne!(world.job(&generation).await["status"], "waiting");
    world.wait_until_submitted(4).await;
    assert_eq!((world.throttled_requests(), world.accepted_exports()), (0, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_exports_keeps_both_windows_of_the_provider() {
    let windows = json!([{ "requests": 10, "seconds": 4 }, { "requests": 20, "seconds": 12 }]);
    let world = world_with_write_budget("10/4s,20/12s", windows).await;
    world.submit_burst(32).await;
    world.wait_until_submitted(32).await;
    assert_eq!((world.throttled_requests(), world.accepted_exports()), (0, 32));
    let (short, long) = (world.most_writes(4), world.most_writes(12));
    assert!(short <= 10 && long <= 20, "{short} and {long}");
    assert!(short > 5, "the budget may be used at once: {short}");
}

#[tokio::test]
async fn a_429_of_one_tier_pauses_no_other() {
    let world = rate_limited_world(8.0, |options| options).await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    assert_eq!(world.export_status().await, "waiting");
    assert_eq!(world.export_status().await, "waiting");
    assert_eq!(world.export_requests().len(), 1);

    let generation = world.submit_request(&world.three_format_request()).await;
    world.wait_for_status(&generation, "stored").await;
}

#[tokio::test]
async fn polls_of_a_paused_tier_hide_no_other_job_from_the_sweep() {
    let world = rate_limited_world(8.0, |options| options).await;
    world.admin(Method::PUT, "/knobs", json!({ "generation_latency_seconds": 3600 }));
    for _ in 0..8 {
        world.submit_request(&world.three_format_request()).await;
    }
    let fault = json!({
        "on": "call", "route": "GET /generation-request/*", "kind": "rate_limited", "retry_after": 1700, "count": null,
    });
    world.inject_fault(fault);
    let swept = world.sweep(120).await;
    assert_eq!((&swept["checked"], &swept["incomplete"]), (&json!(8), &json!(false)), "{swept}");
    let polls = world.polls().len();
    assert!(polls < 8, "{polls}: the others wait for the pause of the tier");
    // They are due again when the pause is over.
    assert_eq!(world.sweep(600).await["checked"], 0);
    assert_eq!(world.export_status().await, "submitted");
}

#[tokio::test]
async fn a_budget_that_another_program_uses_is_learned_from_the_responses() {
    let world = rate_limited_world(8.0, |options| options.variable("ABYSSALE_RATE_LIMITS", "")).await;
    // The other program has used 58 of the 60 writes.
    let windows = json!([{ "requests": 2, "seconds": 60 }]);
    world.admin(Method::PUT, "/knobs", json!({ "tiers": { "write": windows } }));
    for _ in 0..2 {
        assert_eq!(world.export_status().await, "submitted");
    }
    assert_eq!(world.export_status().await, "waiting");
    assert_eq!((world.throttled_requests(), world.export_requests().len()), (0, 2));
}
