//! The contract's catalogue of scenarios (9.6), played by the simulator in virtual time: the simulator's clock and
//! the job's own times advance together. Other scenarios are elsewhere: S29 in `tokens.rs`, since listing workspaces is
//! an operator command; S31 in `automation.rs` and `tracked_projects.rs`; S32 and those from S33 on in
//! `creator_scenarios.rs`, `dubbing_scenarios.rs` and `asset_scenarios.rs`.

use std::time::Duration;

use harness::until;
use http::Method;
use serde_json::{Value, json};

use super::BEYOND_POLL_DELAY;
use crate::world::World;

/// Starts a world that plays this scenario. Returns it with the request for the scenario's project.
async fn start_scenario(scenario: &str, variant: &str) -> (World, Value) {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    call_admin_api(&world, Method::PUT, "/scenario", json!({ "scenario": scenario, "variant": variant }));
    if !["S02", "S22", "S23", "S24"].contains(&scenario) {
        call_admin_api(&world, Method::PUT, "/knobs", json!({ "webhook": { "events": "none" } }));
    }
    let described = world.simulator("ai_studios").describe();
    let project = match scenario {
        "S19" => described["exported_project_id"].clone(),
        _ => described["project_ids"][0].clone(),
    };
    (world, json!({ "provider": "ai_studios", "kind": "export", "project_id": project }))
}

pub(super) fn call_admin_api(world: &World, method: Method, path: &str, body: Value) -> Value {
    let response = world.simulator("ai_studios").admin(method, path, &body);
    response.unwrap_or_else(|rejection| panic!("{path}: {} {}", rejection.status, rejection.body))
}

/// How many exports were requested from the provider, and how many it accepted.
pub(super) fn export_counts(world: &World) -> (usize, u64) {
    let path = "/requests?endpoint=api&method=POST&path=/api/odin/v3/editor/project/export";
    let requested = call_admin_api(world, Method::GET, path, Value::Null).as_array().map_or(0, Vec::len);
    let accepted = call_admin_api(world, Method::GET, "/exports", Value::Null)["accepted_posts"].as_u64();
    (requested, accepted.expect("a count"))
}

/// Plays a scenario until its job ends. Returns the job.
async fn run_scenario(scenario: &str, variant: &str) -> (World, Value) {
    let (world, request) = start_scenario(scenario, variant).await;
    let id = world.submit_request(&request).await;
    let job = run_until_ended(&world, &id).await;
    (world, job)
}

/// Advances the times of the simulator and of a job until the job ends, within 70 minutes of virtual time for each of
/// its requests. Returns the job.
pub(super) async fn run_until_ended(world: &World, id: &str) -> Value {
    let steps = std::iter::repeat_n(15, 8).chain(std::iter::repeat_n(60, 136));
    for seconds in steps {
        world.wait_for_empty_queue().await;
        world.wait_for_empty_submissions_queue().await;
        let job = wait_until_transferred(world, id).await;
        if ["stored", "failed", "partial", "expired"].iter().any(|end| job["status"] == *end) {
            return job;
        }
        world.age_job(id, Duration::from_secs(seconds)).await;
        call_admin_api(world, Method::POST, "/clock/advance", json!({ "seconds": seconds }));
        world.sweep(BEYOND_POLL_DELAY).await;
    }
    panic!("the job does not end: {:#}", world.job(id).await);
}

/// Returns the job once no landing is pending or running.
async fn wait_until_transferred(world: &World, id: &str) -> Value {
    until("no landing is pending", || async {
        let job = world.job(id).await;
        (!["received", "landing"].iter().any(|status| job["status"] == *status)).then_some(job)
    })
    .await
}

/// Checks that these scenarios end with the video in the bucket after one export.
async fn assert_lands(scenarios: &[(&str, &[&str])]) {
    for (scenario, variants) in scenarios {
        for variant in *variants {
            let (world, job) = run_scenario(scenario, variant).await;
            assert_eq!(job["status"], "stored", "{scenario} {variant}: {job:#}");
            assert_eq!(export_counts(&world), (1, 1), "{scenario} {variant}");
            assert_eq!(world.read_manifest(&job).await["files"][0]["content_type"], "video/mp4");
            let files = call_admin_api(&world, Method::GET, "/requests?endpoint=files", Value::Null);
            assert!(!files.to_string().contains("authorization"), "{scenario} {variant}: a token left");
        }
    }
}

/// Checks that a scenario ends with this status, error and reason, and without a file.
async fn assert_fails(scenario: &str, variant: &str, status: &str, class: &str, reason: &str) {
    let (world, job) = run_scenario(scenario, variant).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!(status), &json!(class)),
        "{scenario} {variant}: {job:#}"
    );
    let message = job["error"]["message"].as_str().expect("a text");
    assert!(message.contains(reason), "{scenario} {variant}: {message}");
    assert_eq!((&job["files"], export_counts(&world).0), (&json!([]), 1), "{scenario} {variant}");
}

#[tokio::test]
async fn s01_to_s07_every_representation_of_completion_lands_the_video() {
    assert_lands(&[
        ("S01", &["plain"]),
        ("S02", &["plain"]),
        ("S03", &["text", "integer", "percent"]),
        ("S04", &["plain"]),
        ("S05", &["mixed", "unknown"]),
        ("S06", &["plain"]),
        ("S07", &["plain"]),
    ])
    .await;
}

#[tokio::test]
async fn s08_to_s11_exports_without_a_video_fail_with_a_named_reason() {
    assert_fails("S08", "plain", "failed", "ProviderFailed", "completed_without_url").await;
    for variant in ["bare", "object", "text"] {
        assert_fails("S09", variant, "failed", "ProviderFailed", "ended as error").await;
    }
    assert_fails("S10", "http_200", "failed", "ProviderFailed", "rejects polls").await;
    assert_fails("S11", "plain", "failed", "ProviderFailed", "stalled").await;
    assert_lands(&[("S10", &["http_500"])]).await;
}

#[tokio::test]
async fn s12_to_s14_tokens_are_renewed_and_rate_limits_are_respected() {
    let (world, job) = run_scenario("S12", "plain").await;
    assert_eq!(job["status"], "stored", "{job:#}");
    assert_eq!(call_admin_api(&world, Method::GET, "/tokens", Value::Null)["issued"], 2);
    for variant in ["envelope", "http_200", "page"] {
        let (world, request) = start_scenario("S13", variant).await;
        let rejection = world.post(&request, &[]).await;
        assert_eq!(rejection.status(), 424, "{variant}: {}", rejection.body());
        let issued = call_admin_api(&world, Method::GET, "/tokens", Value::Null)["issued"].clone();
        assert_eq!((issued, export_counts(&world)), (json!(2), (0, 0)), "{variant}");
    }
    assert_lands(&[("S14", &["retry_after", "bare", "page"])]).await;
}

#[tokio::test]
async fn s15_to_s18_an_export_is_requested_once() {
    assert_lands(&[("S15", &["reset", "late", "error"]), ("S18", &["plain"])]).await;
    for variant in ["error", "reset"] {
        assert_fails("S16", variant, "expired", "ProviderSilent", "unknown whether").await;
    }
    for (variant, status) in [("quota", 429), ("plan", 403)] {
        let (world, request) = start_scenario("S17", variant).await;
        let rejection = world.post(&request, &[]).await;
        assert_eq!(
            (rejection.status().as_u16(), export_counts(&world).0),
            (status, 1),
            "{variant}: {}",
            rejection.body()
        );
    }
}

#[tokio::test]
async fn s19_to_s21_earlier_exports_pending_projects_and_missing_projects_are_distinguished() {
    for variant in ["plain", "new_task"] {
        let (world, job) = run_scenario("S19", variant).await;
        assert_eq!(job["status"], "stored", "{variant}: {job:#}");
        let details = &world.read_manifest(&job).await["files"][0]["details"];
        assert_eq!(details.get("possibly_stale"), None, "{variant}: {details}");
    }
    assert_lands(&[("S20", &["plain"])]).await;
    assert_fails("S21", "plain", "failed", "ProviderFailed", "project_missing").await;
}

#[tokio::test]
async fn s22_to_s24_unusual_callbacks_do_not_disturb_the_job() {
    assert_lands(&[
        ("S22", &["all", "wrong_task", "foreign_url", "wrong_path"]),
        ("S23", &["duplicates", "reordered", "query", "form", "enveloped", "array", "v2", "texts"]),
        ("S24", &["plain"]),
    ])
    .await;
}

#[tokio::test]
async fn s25_to_s28_every_envelope_download_and_size_is_handled() {
    assert_lands(&[
        ("S25", &["missing", "text", "error_text", "bare", "succeed"]),
        ("S26", &["redirect", "forbidden", "not_found", "cut"]),
        ("S27", &["plain", "too_large"]),
        ("S28", &["plain"]),
        ("S30", &["plain"]),
    ])
    .await;
    for (variant, reason) in [
        ("page", "not an MP4"),
        ("truncated", "not whole"),
        ("plain_http", "refused"),
        ("ip_literal", "refused"),
    ] {
        assert_fails("S26", variant, "failed", "FilesMissing", reason).await;
    }
}
