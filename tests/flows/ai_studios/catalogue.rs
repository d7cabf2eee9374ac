//! The contract's catalogue of scenarios (9.6), as the simulator plays them, on virtual time: the simulator's clock and
//! the job's own times move together. What every client does by hand, scenarios S29, S31 and S32, is not here: lists
//! are an operator's (`tokens.rs`), and projects that other tools make are tracked (`creators.rs`).

use std::time::Duration;

use harness::until;
use http::Method;
use serde_json::{Value, json};

use super::LATER;
use crate::world::World;

/// A world with the scenario on, and the project that it is about.
async fn playing(scenario: &str, variant: &str) -> (World, Value) {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    control(&world, Method::PUT, "/scenario", json!({ "scenario": scenario, "variant": variant }));
    if !["S02", "S22", "S23", "S24"].contains(&scenario) {
        control(&world, Method::PUT, "/knobs", json!({ "webhook": { "events": "none" } }));
    }
    let described = world.simulator("ai_studios").describe();
    let project = match scenario {
        "S19" => described["exported_project_id"].clone(),
        _ => described["project_ids"][0].clone(),
    };
    (world, json!({ "provider": "ai_studios", "kind": "export", "project_id": project }))
}

pub(super) fn control(world: &World, method: Method, path: &str, body: Value) -> Value {
    let answer = world.simulator("ai_studios").admin(method, path, &body);
    answer.unwrap_or_else(|refused| panic!("{path}: {} {}", refused.status, refused.body))
}

/// How many exports the provider was asked for, and took.
pub(super) fn exports(world: &World) -> (usize, u64) {
    let path = "/requests?endpoint=api&method=POST&path=/api/odin/v3/editor/project/export";
    let asked = control(world, Method::GET, path, Value::Null).as_array().map_or(0, Vec::len);
    let taken = control(world, Method::GET, "/exports", Value::Null)["accepted_posts"].as_u64();
    (asked, taken.expect("a count"))
}

/// Plays a scenario to its end, which comes within 70 minutes, and returns the job.
async fn played(scenario: &str, variant: &str) -> (World, Value) {
    let (world, request) = playing(scenario, variant).await;
    let id = world.taken_up(&request).await;
    let steps = std::iter::repeat_n(15, 8).chain(std::iter::repeat_n(60, 68));
    for seconds in steps {
        world.rests().await;
        let job = settled(&world, &id).await;
        if ["stored", "failed", "partial", "expired"].iter().any(|end| job["status"] == *end) {
            return (world, job);
        }
        world.ages(&id, Duration::from_secs(seconds)).await;
        control(&world, Method::POST, "/clock/advance", json!({ "seconds": seconds }));
        world.sweep(LATER).await;
    }
    panic!("{scenario} {variant} has no end: {:#}", world.job(&id).await);
}

/// The job when its files are not on their way.
async fn settled(world: &World, id: &str) -> Value {
    until("nothing is on its way", || async {
        let job = world.job(id).await;
        (!["received", "landing"].iter().any(|status| job["status"] == *status)).then_some(job)
    })
    .await
}

/// Scenarios that end with the video in the bucket after one export.
async fn lands(scenarios: &[(&str, &[&str])]) {
    for (scenario, variants) in scenarios {
        for variant in *variants {
            let (world, job) = played(scenario, variant).await;
            assert_eq!(job["status"], "stored", "{scenario} {variant}: {job:#}");
            assert_eq!(exports(&world), (1, 1), "{scenario} {variant}");
            assert_eq!(world.manifest(&job).await["files"][0]["content_type"], "video/mp4");
            let files = control(&world, Method::GET, "/requests?endpoint=files", Value::Null);
            assert!(!files.to_string().contains("authorization"), "{scenario} {variant}: a token left");
        }
    }
}

/// Scenarios that end with a reason and without a file.
async fn fails(scenario: &str, variant: &str, status: &str, class: &str, reason: &str) {
    let (world, job) = played(scenario, variant).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!(status), &json!(class)),
        "{scenario} {variant}: {job:#}"
    );
    let message = job["error"]["message"].as_str().expect("a text");
    assert!(message.contains(reason), "{scenario} {variant}: {message}");
    assert_eq!((&job["files"], exports(&world).0), (&json!([]), 1), "{scenario} {variant}");
}

#[tokio::test]
async fn s01_to_s07_every_way_of_saying_that_it_is_done_lands_the_video() {
    lands(&[
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
async fn s08_to_s11_what_comes_to_nothing_fails_by_name() {
    fails("S08", "plain", "failed", "ProviderFailed", "completed_without_url").await;
    for variant in ["bare", "object", "text"] {
        fails("S09", variant, "failed", "ProviderFailed", "ended as error").await;
    }
    fails("S10", "http_200", "failed", "ProviderFailed", "does not tell").await;
    fails("S11", "plain", "failed", "ProviderFailed", "stalled").await;
    lands(&[("S10", &["http_500"])]).await;
}

#[tokio::test]
async fn s12_to_s14_tokens_are_renewed_and_limits_kept() {
    let (world, job) = played("S12", "plain").await;
    assert_eq!(job["status"], "stored", "{job:#}");
    assert_eq!(control(&world, Method::GET, "/tokens", Value::Null)["issued"], 2);
    for variant in ["envelope", "http_200", "page"] {
        let (world, request) = playing("S13", variant).await;
        let refused = world.post(&request, &[]).await;
        assert_eq!(refused.status(), 424, "{variant}: {}", refused.body());
        let issued = control(&world, Method::GET, "/tokens", Value::Null)["issued"].clone();
        assert_eq!((issued, exports(&world)), (json!(2), (0, 0)), "{variant}");
    }
    lands(&[("S14", &["retry_after", "bare", "page"])]).await;
}

#[tokio::test]
async fn s15_to_s18_an_export_is_asked_for_once() {
    lands(&[("S15", &["reset", "late", "error"]), ("S18", &["plain"])]).await;
    for variant in ["error", "reset"] {
        fails("S16", variant, "expired", "ProviderSilent", "never confirmed").await;
    }
    for (variant, status) in [("quota", 429), ("plan", 403)] {
        let (world, request) = playing("S17", variant).await;
        let refused = world.post(&request, &[]).await;
        assert_eq!(
            (refused.status().as_u16(), exports(&world).0),
            (status, 1),
            "{variant}: {}",
            refused.body()
        );
    }
}

#[tokio::test]
async fn s19_to_s21_what_is_old_not_there_yet_or_gone_is_told_apart() {
    for variant in ["plain", "new_task"] {
        let (world, job) = played("S19", variant).await;
        assert_eq!(job["status"], "stored", "{variant}: {job:#}");
        let details = &world.manifest(&job).await["files"][0]["details"];
        assert_eq!(details.get("possibly_stale"), None, "{variant}: {details}");
    }
    lands(&[("S20", &["plain"])]).await;
    fails("S21", "plain", "failed", "ProviderFailed", "project_missing").await;
}

#[tokio::test]
async fn s22_to_s24_callbacks_of_every_kind_do_no_harm() {
    lands(&[
        ("S22", &["all", "wrong_task", "foreign_url", "wrong_path"]),
        ("S23", &["duplicates", "reordered", "query", "form", "enveloped", "array", "v2", "texts"]),
        ("S24", &["plain"]),
    ])
    .await;
}

#[tokio::test]
async fn s25_to_s28_every_envelope_download_and_size_is_dealt_with() {
    lands(&[
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
        fails("S26", variant, "failed", "FilesMissing", reason).await;
    }
}
