//! Dubbing into many languages: their files are named by language, and those that fail are named in the error.

use http::Method;
use serde_json::{Value, json};

use super::scenarios::{call_admin_api, run_until_ended};
use crate::world::{World, assert_problem, error_fields};

const TARGETS: [&str; 10] =
    ["en-US", "hi-IN", "pt-PT", "zh-CN", "es-ES", "fr-FR", "de-DE", "ja-JP", "fil-PH", "ko-KR"];

/// Starts a world with these settings of the dubbing.
async fn start(dubbing: Value) -> World {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    call_admin_api(&world, Method::PUT, "/knobs", json!({ "dubbing": dubbing }));
    world
}

fn request() -> Value {
    json!({
        "provider": "ai_studios", "kind": "dubbing", "url": "https://youtu.be/dQw4w9WgXcQ", "targets": TARGETS,
    })
}

/// The number of dubbings that were requested, and the number of polls.
fn request_counts(world: &World) -> (usize, usize) {
    let count = |method: &str| {
        let path =
            format!("/requests?endpoint=api&method={method}&path=/api/odin/v3/automation/translatevideos");
        call_admin_api(world, Method::GET, &path, Value::Null).as_array().map_or(0, Vec::len)
    };
    (count("POST"), count("GET"))
}

#[tokio::test]
async fn nine_of_ten_languages_land_by_name_and_the_failed_one_is_named() {
    let knobs = json!({
        "named_by_language": true, "order": "reversed", "failing": ["fr-FR"], "stagger_seconds": 10,
    });
    let world = start(knobs).await;
    let id = world.submit_request(&request()).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("partial"), &json!("FilesMissing")),
        "{job:#}"
    );
    let message = job["error"]["message"].as_str().expect("a text");
    assert!(message.contains("9 of 10 files") && message.contains("\"fr-FR\" (failed at 40 %"), "{message}");

    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 10, "landed": 9, "missing": 1 }));
    let files = manifest["files"].as_array().expect("a list");
    for file in files {
        let language = file["details"]["language"].as_str().expect("a language");
        assert!(TARGETS.contains(&language) && language != "fr-FR", "{file:#}");
        assert_eq!(file["name"], format!("{language}.mp4"));
    }
    world.assert_files_match_manifest(&manifest).await;
    assert_eq!(request_counts(&world).0, 1);
}

#[tokio::test]
async fn a_dubbing_shows_the_mean_progress_of_its_languages() {
    let world = start(json!({})).await;
    let id = world.submit_request(&request()).await;
    call_admin_api(&world, Method::POST, "/clock/advance", json!({ "seconds": 30 }));
    world.sweep(super::BEYOND_POLL_DELAY).await;
    let job = world.wait_for_status(&id, "rendering").await;
    let percent = job["progress"].as_f64().expect("a number");
    assert!((45.0..60.0).contains(&percent), "{percent}");
    assert!(job["provider_job_id"].is_string(), "{job:#}");
}

#[tokio::test]
async fn a_throttled_dubbing_is_requested_again_after_the_wait() {
    let world = start(json!({})).await;
    let fault = json!({
        "on": "call", "kind": "error", "status": 429, "retry_after": 1, "message": "slow down",
        "route": "POST /api/odin/v3/automation/translatevideos",
    });
    call_admin_api(&world, Method::POST, "/faults", fault);
    let id = world.submit_request(&request()).await;
    assert_eq!(run_until_ended(&world, &id).await["status"], "stored");
    assert_eq!(request_counts(&world).0, 2);
}

#[tokio::test]
async fn an_invalid_dubbing_is_rejected_before_any_request() {
    let world = start(json!({})).await;
    let mut request = request();
    (request["url"], request["targets"]) = (json!("https://example.com/a.mp4"), json!(["ko-KR", "ko-KR"]));
    let response = world.post(&request, &[]).await;
    let problem = assert_problem(&response, 400, "invalid-request");
    assert_eq!(error_fields(problem), ["url", "targets[1]"]);
    assert_eq!(request_counts(&world), (0, 0));
}

#[tokio::test]
async fn a_video_file_is_downloaded_and_uploaded_with_the_request() {
    let world = start(json!({})).await;
    // Any file that Landfall may download will do: here the video of another job.
    let described = world.simulator("ai_studios").describe();
    let export =
        json!({ "provider": "ai_studios", "kind": "export", "project_id": described["project_ids"][0] });
    let export = world.submit_request(&export).await;
    run_until_ended(&world, &export).await;
    let downloads = call_admin_api(&world, Method::GET, "/requests?endpoint=files", Value::Null);
    let (origin, path) = (described["files_url"].as_str(), downloads[0]["path"].as_str());
    let url = format!("{}{}", origin.expect("a URL"), path.expect("a path"));

    let request = |file: &str| json!({ "provider": "ai_studios", "kind": "dubbing", "file": file, "targets": ["ko-KR"] });
    let gone = world.post(&request(&format!("{url}.gone")), &[]).await;
    assert_eq!(error_fields(assert_problem(&gone, 422, "source-gone")), ["file"]);
    assert_eq!(request_counts(&world).0, 0, "nothing is paid for a video that cannot be read");

    let id = world.submit_request(&request(&url)).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!((&job["status"], &job["files_total"]), (&json!("stored"), &json!(1)), "{job:#}");
    let creations = call_admin_api(&world, Method::GET, "/creations", Value::Null);
    let form = creations["creations"].as_array().and_then(|list| list.last()).expect("a dubbing")["form"]
        .to_string();
    assert!(form.contains("\"file\"") && !form.contains("\"url\""), "{form}");
}
