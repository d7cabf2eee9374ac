//! The catalogue's scenarios of dubbing (S32, S36 to S40 and S48 to S52), played by the simulator in virtual time.

use http::Method;
use serde_json::{Value, json};

use super::scenarios::{call_admin_api, run_until_ended};
use crate::world::World;

/// Starts a world that plays this scenario.
async fn start(scenario: &str, variant: &str) -> World {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    call_admin_api(&world, Method::PUT, "/scenario", json!({ "scenario": scenario, "variant": variant }));
    world
}

fn request() -> Value {
    json!({
        "provider": "ai_studios", "kind": "dubbing", "url": "https://www.youtube.com/watch?v=a1",
        "targets": ["de-DE", "fr-FR", "ko-KR"],
    })
}

/// How many dubbings were requested, and how many the provider accepted.
fn dubbing_counts(world: &World) -> (usize, u64) {
    let path = "/requests?endpoint=api&method=POST&path=/api/odin/v3/automation/translatevideos";
    let sent = call_admin_api(world, Method::GET, path, Value::Null).as_array().map_or(0, Vec::len);
    let accepted = call_admin_api(world, Method::GET, "/creations", Value::Null)["accepted_posts"].as_u64();
    (sent, accepted.expect("a count"))
}

/// Plays a scenario until its job ends with this status, after one accepted call.
async fn run(scenario: &str, variant: &str, status: &str) -> (World, Value) {
    let world = start(scenario, variant).await;
    let id = world.submit_request(&request()).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(job["status"], status, "{scenario} {variant}: {job:#}");
    assert_eq!(dubbing_counts(&world), (1, 1), "{scenario} {variant}");
    (world, job)
}

async fn assert_lands(scenario: &str, variants: &[&str]) {
    for variant in variants {
        let (world, job) = run(scenario, variant, "stored").await;
        let manifest = world.read_manifest(&job).await;
        let whole = json!({ "expected": 3, "landed": 3, "missing": 0 });
        assert_eq!(manifest["completeness"], whole, "{scenario} {variant}");
        let files = manifest["files"].as_array().expect("a list");
        assert!(files.iter().all(|file| file["content_type"] == "video/mp4"), "{scenario} {variant}");
    }
}

#[tokio::test]
async fn the_form_is_the_one_that_the_page_describes() {
    let world = start("S48", "plain").await;
    let mut request = request();
    for (name, value) in [
        ("original", json!("en-US")),
        ("dubbing_only", json!(true)),
        ("remove_bgm", json!(false)),
        ("number_of_speakers", json!(2)),
    ] {
        request[name] = value;
    }
    world.submit_request(&request).await;
    let creations = call_admin_api(&world, Method::GET, "/creations", Value::Null);
    let form = creations["creations"][0]["form"].as_array().expect("a form").clone();
    let text = |name: &str| form.iter().find(|part| part["name"] == name).map(|part| part["text"].clone());
    for (name, value) in [
        ("url", "https://www.youtube.com/watch?v=a1"),
        ("target_0", "de-DE"),
        ("target_2", "ko-KR"),
        ("original", "en-US"),
        ("isDubbingOnly", "true"),
        ("numberOfSpeakers", "2"),
    ] {
        assert_eq!(text(name), Some(json!(value)), "{name}");
    }
    assert_eq!(creations["credits"], 9, "each language is paid for once");
}

#[tokio::test]
async fn s32_and_s49_a_language_that_fails_or_never_ends_leaves_the_others() {
    for (scenario, variant) in [("S32", "plain"), ("S49", "silent"), ("S49", "error"), ("S49", "stuck")] {
        let (world, job) = run(scenario, variant, "partial").await;
        let manifest = world.read_manifest(&job).await;
        let part = json!({ "expected": 3, "landed": 2, "missing": 1 });
        assert_eq!(manifest["completeness"], part, "{scenario} {variant}");
    }
    let (_, job) = run("S49", "all", "failed").await;
    assert_eq!(job["error"]["type"], "ProviderFailed", "{job:#}");
}

#[tokio::test]
async fn s36_to_s40_a_dubbing_is_requested_once() {
    for (scenario, accepted) in [("S36", 1), ("S37", 0), ("S40", 1)] {
        let world = start(scenario, "dubbing").await;
        let id = world.submit_request(&request()).await;
        world.wait_for_status(&id, "unknown").await;
        assert_eq!(dubbing_counts(&world), (1, accepted), "{scenario}");
    }
    for (variant, status) in [("quota", 429), ("plan", 403)] {
        let world = start("S38", variant).await;
        let rejection = world.post(&request(), &[]).await;
        assert_eq!(rejection.status().as_u16(), status, "{variant}: {}", rejection.body());
        assert_eq!(dubbing_counts(&world), (1, 0), "{variant}");
    }
}

#[tokio::test]
async fn s48_every_video_of_a_folder_lands() {
    assert_lands("S48", &["plain", "staggered", "reversed", "late_items", "late_urls", "named"]).await;
}

#[tokio::test]
async fn s48_a_language_names_its_video_only_where_the_folder_tells_it() {
    for (variant, is_named) in [("plain", false), ("named", true)] {
        let (world, job) = run("S48", variant, "stored").await;
        let files = world.read_manifest(&job).await["files"].clone();
        let languages =
            files.as_array().expect("a list").iter().map(|file| file["details"]["language"].clone());
        let expected = if is_named {
            [json!("de-DE"), json!("fr-FR"), json!("ko-KR")]
        } else {
            [const { Value::Null }; 3]
        };
        assert_eq!(languages.collect::<Vec<_>>(), expected, "{variant}: {files:#}");
    }
}

#[tokio::test]
async fn s50_a_folder_is_read_in_every_form() {
    assert_lands("S50", &["bare", "named", "numeric", "camel", "early_null", "early_empty", "texts", "ids"])
        .await;
}

#[tokio::test]
async fn s51_a_disturbed_folder_delays_its_videos_only() {
    assert_lands("S51", &["missing", "http_500", "page", "token"]).await;
}

#[tokio::test]
async fn s52_one_download_that_fails_is_repeated_or_leaves_the_others() {
    assert_lands("S52", &["expired", "once"]).await;
    let (world, job) = run("S52", "page", "partial").await;
    let part = json!({ "expected": 3, "landed": 1, "missing": 2 });
    assert_eq!(world.read_manifest(&job).await["completeness"], part);
}

#[tokio::test]
async fn s57_a_service_without_dubbing_is_named() {
    let world = start("S57", "plain").await;
    let rejection = world.post(&request(), &[]).await;
    assert!(rejection.status().is_client_error(), "{}", rejection.body());
    assert_eq!(dubbing_counts(&world), (1, 0));
}
