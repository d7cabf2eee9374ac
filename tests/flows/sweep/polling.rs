//! Generations without a callback are polled.

use harness::StackOptions;
use http::Method;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{A_MINUTE, sweep_counts};
use crate::{generation::assert_mentions, world::World};

/// A world whose provider finishes at once and sends no callback.
async fn world_without_callbacks() -> World {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "generation_latency_seconds": 0 }));
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop", "count": null }));
    world
}

/// Submits a generation that takes an hour. Returns the job's id.
async fn submit_long_generation(world: &World) -> String {
    world.admin(Method::PUT, "/knobs", json!({ "generation_latency_seconds": 3600 }));
    world.submit_request(&world.three_format_request()).await
}

#[tokio::test]
async fn every_generation_with_a_lost_callback_lands_by_polling() {
    let world = world_without_callbacks().await;
    let pages = json!({ "pages": { "page_1": {} } });
    world.inject_fault(json!({ "on": "generation", "kind": "format_error", "format": "leaderboard" }));
    let mut ids = vec![];
    for request in [
        world.three_format_request(),
        world.design_request("multipage_pdf", "printer_multipage", pages),
        world.generation_request("animated", json!({ "image_file_type": "html5" })),
        world.generation_request("printer", json!({})),
    ] {
        ids.push(world.submit_request(&request).await);
    }
    world.inject_fault(json!({ "on": "generation", "kind": "format_error" }));
    let failing = world.submit_request(&world.three_format_request()).await;
    assert_eq!(sweep_counts(&world.sweep(0).await), (0, 0), "no job is due yet");

    let swept = world.sweep(A_MINUTE).await;
    assert_eq!((sweep_counts(&swept), &swept["incomplete"]), ((5, 5), &json!(false)));
    for id in &ids {
        let job = world.wait_for_status(id, "stored").await;
        world.assert_files_match_manifest(&world.read_manifest(&job).await).await;
    }
    assert_eq!(world.wait_for_status(&failing, "failed").await["error"]["type"], "ProviderFailed");
    assert_eq!((world.polls().len(), sweep_counts(&world.sweep(7 * 24 * 3600).await)), (5, (0, 0)));
}

#[tokio::test]
async fn active_work_is_polled_with_growing_delays() {
    let world = world_without_callbacks().await;
    world.admin(Method::PUT, "/knobs", json!({ "early_banners": true }));
    let id = submit_long_generation(&world).await;
    let before = world.job(&id).await;
    for seconds in [3, 6, 12, 24, 30, 30] {
        let polled_at = OffsetDateTime::now_utc();
        assert_eq!(sweep_counts(&world.sweep(A_MINUTE).await), (1, 0));
        let wait = world.due_at(&id).await - polled_at;
        // Jitter of up to half a second, and what the machine takes.
        let around = Duration::seconds(seconds)..Duration::seconds(seconds + 3);
        assert!(around.contains(&wait), "{seconds}: {wait}");
    }
    assert_eq!((world.polls().len(), world.job(&id).await), (6, before), "a poll changes nothing");

    world.update_job_item(&id, &[("created_at", "2026-01-01T00:00:00Z")], &[]).await;
    world.inject_fault(
        json!({ "on": "call", "kind": "answer", "status": 202, "body": { "is_finalized": false } }),
    );
    world
        .update_job_item(
            &id,
            &[("created_at", &rfc3339(OffsetDateTime::now_utc() - Duration::hours(7)))],
            &[],
        )
        .await;
    let polled_at = OffsetDateTime::now_utc();
    world.sweep(A_MINUTE).await;
    assert!(
        world.due_at(&id).await - polled_at >= Duration::hours(1),
        "the poll delay is long after some hours"
    );

    world.admin(Method::POST, "/clock/advance", json!({ "seconds": 3600 }));
    world.sweep(2 * 3600).await;
    world.wait_for_status(&id, "stored").await;
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339).expect("a time")
}

#[tokio::test]
async fn a_generation_that_the_provider_has_deleted_fails() {
    let world = world_without_callbacks().await;
    let unknown = json!({ "id": "generation_request_not_found", "message": "No such request." });
    for (fault, id) in [
        (
            Some(json!({ "on": "call", "kind": "answer", "status": 404, "body": unknown })),
            "generation_request_not_found",
        ),
        (None, "generation_request_gone"),
    ] {
        let job = world.submit_request(&world.three_format_request()).await;
        match fault {
            Some(fault) => world.inject_fault(fault),
            None => _ = world.admin(Method::POST, "/clock/advance", json!({ "seconds": 8 * 24 * 3600 })),
        }
        world.sweep(A_MINUTE).await;
        let job = world.wait_for_status(&job, "failed").await;
        assert_eq!(
            (&job["error"]["type"], &job["error"]["provider"]["id"]),
            (&json!("ProviderFailed"), &json!(id))
        );
        assert_mentions(&job["error"]["message"], &["7 days"]);
    }
}

#[tokio::test]
async fn provider_failures_postpone_the_poll_and_do_not_change_the_job() {
    let world = world_without_callbacks().await;
    let id = world.submit_request(&world.three_format_request()).await;
    let before = world.job(&id).await;
    for (fault, seconds) in [
        (json!({ "kind": "gateway_error", "status": 502 }), 3),
        (json!({ "kind": "reset" }), 3),
        (json!({ "kind": "rate_limited", "retry_after": 45 }), 45),
        // The fourth failure in a row is not treated as temporary.
        (json!({ "kind": "answer", "status": 503, "headers": { "retry-after": "7" }, "body": "busy" }), 300),
    ] {
        let mut fault = fault;
        fault["on"] = json!("call");
        world.inject_fault(fault.clone());
        let polled_at = OffsetDateTime::now_utc();
        assert_eq!(sweep_counts(&world.sweep(A_MINUTE).await), (1, 0), "{fault}");
        assert!(world.due_at(&id).await - polled_at >= Duration::seconds(seconds), "{fault}");
        assert_eq!(world.job(&id).await, before, "{fault}");
    }
    assert_eq!(world.polls().len(), 4, "each was polled once");
    world.sweep(600).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn throttling_of_polls_pauses_polls_and_no_submission() {
    let limits = |options: StackOptions| {
        options.variable("ABYSSALE_REQUESTS_PER_SECOND", "8").variable("ABYSSALE_RATE_LIMITS", "")
    };
    let world = World::start_with(limits).await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop", "count": null }));
    let id = world.submit_request(&world.three_format_request()).await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 600 }));
    world.sweep(A_MINUTE).await;
    for request in [world.three_format_request(), world.export_request(1)] {
        let response = world.post(&request, &[]).await;
        assert_eq!((response.status().as_u16(), &response.body()["status"]), (202, &json!("submitted")));
    }
    let swept = world.sweep(A_MINUTE + 600).await;
    assert_eq!(swept["incomplete"], false, "polls that wait hide no other job: {swept}");
    assert_eq!((world.polls().len(), world.work_requests().len()), (1, 3));
    assert_eq!(world.job(&id).await["status"], "submitted");
}
