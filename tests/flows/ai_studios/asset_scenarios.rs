//! The catalogue's scenarios of generated files (S36 to S40 and S53 to S56), played by the simulator.

use http::Method;
use serde_json::{Value, json};

use super::scenarios::call_admin_api;
use crate::world::World;

/// The kinds that make a file, by the names of the variants of S36, S37 and S40.
const KINDS: [&str; 4] = ["image", "video", "voice", "audio"];

/// Starts a world that plays this scenario.
async fn start(scenario: &str, variant: &str) -> World {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    call_admin_api(&world, Method::PUT, "/scenario", json!({ "scenario": scenario, "variant": variant }));
    world
}

fn request(kind: &str) -> Value {
    let mut request = match kind {
        "image" => {
            json!({ "kind": "image_generation", "topic": "Tea", "style": "VECTOR_IMAGE", "size": "SQUARE" })
        }
        "video" => json!({ "kind": "video_generation", "topic": "Tea" }),
        "voice" => {
            json!({ "kind": "voice_generation", "script": "Hi", "model": "M1", "type": "google", "language": "en" })
        }
        "audio" => json!({ "kind": "simple_audio", "text": "Hi", "model": "M1", "language": "en" }),
        other => panic!("no kind {other}"),
    };
    request["provider"] = json!("ai_studios");
    request
}

/// How many calls the provider accepted.
fn accepted_count(world: &World) -> Value {
    call_admin_api(world, Method::GET, "/creations", Value::Null)["accepted_posts"].clone()
}

/// Submits a request and waits until its job has this status. The response is sent when the work is done.
async fn wait_for_job(world: &World, request: &Value, status: &str) -> Value {
    let response = world.post(request, &[]).await;
    let id = response.body()["job_id"].as_str().unwrap_or_else(|| panic!("{:#}", response.body()));
    world.wait_for_status(id, status).await
}

/// Plays a scenario for one kind until its job has this status, after one accepted call.
async fn run(scenario: &str, variant: &str, kind: &str, status: &str) -> (World, Value) {
    let world = start(scenario, variant).await;
    let job = wait_for_job(&world, &request(kind), status).await;
    assert_eq!(accepted_count(&world), 1, "{scenario} {variant} {kind}");
    (world, job)
}

#[tokio::test]
async fn s53_a_generated_file_lands_with_its_type() {
    for (variant, types) in [
        ("plain", ["image/png", "video/mp4", "audio/mpeg", "audio/mpeg"]),
        ("snake", ["image/png", "video/mp4", "audio/mpeg", "audio/mpeg"]),
        ("other_types", ["image/jpeg", "video/mp4", "audio/wav", "audio/wav"]),
    ] {
        for (kind, content_type) in KINDS.iter().zip(types) {
            let (world, job) = run("S53", variant, kind, "stored").await;
            let files = world.read_manifest(&job).await["files"].clone();
            assert_eq!(files[0]["content_type"], content_type, "{variant} {kind}: {files:#}");
        }
    }
}

#[tokio::test]
async fn s36_to_s40_a_file_is_requested_once() {
    for kind in KINDS {
        for (scenario, accepted) in [("S36", 1), ("S37", 0), ("S40", 1)] {
            let world = start(scenario, kind).await;
            wait_for_job(&world, &request(kind), "unknown").await;
            assert_eq!(accepted_count(&world), accepted, "{scenario} {kind}");
        }
    }
}

#[tokio::test]
async fn s38_a_file_without_credit_or_plan_is_reported_without_a_retry() {
    for kind in KINDS {
        for (variant, class) in [("quota", "ProviderQuota"), ("plan", "ProviderPlan")] {
            let world = start("S38", variant).await;
            let job = wait_for_job(&world, &request(kind), "failed").await;
            assert_eq!(job["error"]["type"], class, "{variant} {kind}: {job:#}");
            assert_eq!(accepted_count(&world), 0, "{variant} {kind}");
        }
    }
}

#[tokio::test]
async fn s54_a_file_lands_before_it_is_deleted_and_is_not_made_again() {
    run("S54", "after_a_minute", "image", "stored").await;
    let (_, job) = run("S54", "at_once", "image", "failed").await;
    assert_eq!(job["error"]["type"], "FilesMissing", "{job:#}");
}

#[tokio::test]
async fn s55_a_slow_answer_is_awaited_and_one_without_a_url_is_reported() {
    run("S55", "slow", "video", "stored").await;
    for variant in ["absent", "null"] {
        let world = start("S55", variant).await;
        wait_for_job(&world, &request("image"), "unknown").await;
        assert_eq!(accepted_count(&world), 1, "{variant}");
    }
}

#[tokio::test]
async fn s56_a_disturbed_download_is_repeated_and_the_file_is_not_made_again() {
    for variant in ["redirect", "cut"] {
        run("S56", variant, "audio", "stored").await;
    }
    for variant in ["page", "empty"] {
        let (_, job) = run("S56", variant, "image", "failed").await;
        assert_eq!(job["error"]["type"], "FilesMissing", "{variant}: {job:#}");
    }
}

#[tokio::test]
async fn a_text_is_returned_without_a_file() {
    let world = start("S53", "plain").await;
    let request = json!({ "provider": "ai_studios", "kind": "text_generation", "topic": "Tea" });
    let job = wait_for_job(&world, &request, "stored").await;
    assert_eq!(job["files"], json!([]), "{job:#}");
    assert!(job["result"]["script"].as_str().is_some_and(|script| script.contains("Tea")), "{job:#}");
}
