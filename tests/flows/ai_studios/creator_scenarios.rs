//! The catalogue's scenarios of the calls that make a project (S33 to S46 and S57), played by the simulator in virtual
//! time.

use http::Method;
use serde_json::{Value, json};

use super::scenarios::{call_admin_api, export_counts, run_until_ended};
use crate::world::World;

/// Starts a world that plays this scenario, without callbacks.
async fn start(scenario: &str, variant: &str) -> World {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    call_admin_api(&world, Method::PUT, "/scenario", json!({ "scenario": scenario, "variant": variant }));
    call_admin_api(&world, Method::PUT, "/knobs", json!({ "webhook": { "events": "none" } }));
    world
}

/// A request of the kind that a variant of S36, S37 and S40 names, with the path of its call.
fn request_of(world: &World, kind: &str) -> (String, Value) {
    let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
    let update = json!({ "scene_idx": 0, "type": "aiModel", "values": { "script": "A new text." } });
    let (path, mut request) = match kind {
        "create" => {
            ("/editor/project".into(), json!({ "kind": "create_project", "scenes": [{ "sceneIdx": 0 }] }))
        }
        "edit" => (
            format!("/editor/project/{}", project.as_str().expect("an id")),
            json!({ "kind": "edit_project", "project_id": project, "updates": [update] }),
        ),
        "chroma_key" => (
            "/simple/video".into(),
            json!({ "kind": "simple_video", "language": "en", "text": "Hi", "model": "M1", "clothes": "B1" }),
        ),
        "custom" => (
            "/simple/custom".into(),
            json!({ "kind": "custom_video", "language": "en", "text": "Hi", "model": "M1" }),
        ),
        "topic" => {
            ("/automation/topic_to_video".into(), json!({ "kind": "topic_to_video", "topic": "Spring" }))
        }
        other => panic!("no kind {other}"),
    };
    request["provider"] = json!("ai_studios");
    (path, request)
}

const KINDS: [&str; 5] = ["create", "edit", "chroma_key", "custom", "topic"];

/// How many requests were sent to a path, and how many calls that make something were accepted.
fn creation_counts(world: &World, path: &str) -> (usize, u64) {
    let query = format!("/requests?endpoint=api&method=POST&path=/api/odin/v3{path}");
    let sent = call_admin_api(world, Method::GET, &query, Value::Null).as_array().map_or(0, Vec::len);
    let accepted = call_admin_api(world, Method::GET, "/creations", Value::Null)["accepted_posts"].as_u64();
    (sent, accepted.expect("a count"))
}

/// Plays a scenario for one kind until its video lands, after one accepted call and one accepted export.
async fn assert_lands(scenario: &str, variant: &str, kind: &str) -> (World, Value) {
    let world = start(scenario, variant).await;
    let (_, request) = request_of(&world, kind);
    let id = world.submit_request(&request).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(job["status"], "stored", "{scenario} {variant} {kind}: {job:#}");
    let accepted = call_admin_api(&world, Method::GET, "/creations", Value::Null)["accepted_posts"].clone();
    assert_eq!((accepted, export_counts(&world).1), (json!(1), 1), "{scenario} {variant} {kind}");
    (world, job)
}

#[tokio::test]
async fn s34_an_edit_is_followed_by_the_id_that_it_returns() {
    for (variant, is_same) in [("same", true), ("new", false)] {
        let (world, job) = assert_lands("S34", variant, "edit").await;
        let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
        assert_eq!(job["provider_job_id"] == project, is_same, "{variant}: {job:#}");
        let details = &world.read_manifest(&job).await["files"][0]["details"];
        assert_eq!(details["project_id"], job["provider_job_id"], "{variant}");
        assert_eq!(details.get("possibly_stale"), None, "{variant}: {details}");
    }
}

#[tokio::test]
async fn s35_the_task_id_of_a_custom_avatar_does_not_matter() {
    for variant in ["same", "other", "absent"] {
        assert_lands("S35", variant, "custom").await;
    }
}

#[tokio::test]
async fn s36_work_whose_response_was_lost_is_requested_once() {
    for kind in KINDS {
        let world = start("S36", kind).await;
        let (path, request) = request_of(&world, kind);
        let id = world.submit_request(&request).await;
        let job = match kind {
            // The project is known, so polling shows its export.
            "edit" => run_until_ended(&world, &id).await,
            _ => world.wait_for_status(&id, "unknown").await,
        };
        let expected = if kind == "edit" { "stored" } else { "unknown" };
        assert_eq!(job["status"], expected, "{kind}: {job:#}");
        assert_eq!(creation_counts(&world, &path), (1, 1), "{kind}");
    }
}

#[tokio::test]
async fn s37_work_that_may_have_been_accepted_is_requested_once() {
    for kind in KINDS {
        let world = start("S37", kind).await;
        let (path, request) = request_of(&world, kind);
        let id = world.submit_request(&request).await;
        world.wait_for_status(&id, "unknown").await;
        assert_eq!(creation_counts(&world, &path), (1, 0), "{kind}");
    }
}

#[tokio::test]
async fn s38_work_that_the_account_may_not_do_is_rejected_without_a_retry() {
    for kind in KINDS {
        for (variant, status) in [("quota", 429), ("plan", 403)] {
            let world = start("S38", variant).await;
            let (path, request) = request_of(&world, kind);
            let rejection = world.post(&request, &[]).await;
            assert_eq!(rejection.status().as_u16(), status, "{variant} {kind}: {}", rejection.body());
            assert_eq!(creation_counts(&world, &path), (1, 0), "{variant} {kind}");
        }
    }
}

#[tokio::test]
async fn s39_throttled_work_is_requested_until_it_is_accepted() {
    for kind in KINDS {
        let (world, _) = assert_lands("S39", "retry_after", kind).await;
        let (path, _) = request_of(&world, kind);
        assert_eq!(creation_counts(&world, &path), (3, 1), "{kind}");
    }
}

#[tokio::test]
async fn s40_a_response_without_an_id_is_reported_and_the_work_is_requested_once() {
    for kind in KINDS {
        let world = start("S40", kind).await;
        let (path, request) = request_of(&world, kind);
        let id = world.submit_request(&request).await;
        let job = match kind {
            "edit" => run_until_ended(&world, &id).await,
            _ => world.wait_for_status(&id, "unknown").await,
        };
        match kind {
            "edit" => assert_eq!(job["status"], "stored", "the requested project is followed: {job:#}"),
            _ => {
                let message = job["error"]["message"].as_str().expect("a text");
                assert!(message.contains("no id of the project"), "{kind}: {message}");
            }
        }
        assert_eq!(creation_counts(&world, &path), (1, 1), "{kind}");
    }
}

#[tokio::test]
async fn s43_a_project_is_exported_when_its_state_and_its_progress_agree() {
    for variant in ["state_first", "progress_first"] {
        let (world, _) = assert_lands("S43", variant, "topic").await;
        assert_eq!(export_counts(&world).0, 1, "{variant}: no export was too early");
    }
}

#[tokio::test]
async fn s44_a_project_that_fails_is_reported_and_not_exported() {
    for variant in ["bare", "object", "text"] {
        let world = start("S44", variant).await;
        let (_, request) = request_of(&world, "topic");
        let id = world.submit_request(&request).await;
        let job = run_until_ended(&world, &id).await;
        assert_eq!(
            (&job["status"], &job["error"]["type"]),
            (&json!("failed"), &json!("ProviderFailed")),
            "{variant}: {job:#}"
        );
        let message = job["error"]["message"].as_str().expect("a text");
        assert_eq!(message.contains("rendering failed"), variant != "bare", "{variant}: {message}");
        assert_eq!(export_counts(&world).0, 0, "{variant}");
    }
}

#[tokio::test]
async fn s45_a_disturbed_progress_of_a_project_delays_its_export_only() {
    for variant in ["missing", "http_500", "page", "token", "texts"] {
        assert_lands("S45", variant, "topic").await;
    }
}

#[tokio::test]
async fn s46_a_finished_project_is_exported_once() {
    for (variant, requested) in [("lost", 1), ("alias", 1), ("early", 1), ("throttled", 2)] {
        let (world, _) = assert_lands("S46", variant, "topic").await;
        assert_eq!(export_counts(&world).0, requested, "{variant}");
    }
    let world = start("S46", "error").await;
    let (_, request) = request_of(&world, "topic");
    let id = world.submit_request(&request).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!((&job["status"], export_counts(&world)), (&json!("expired"), (1, 0)), "{job:#}");
}

#[tokio::test]
async fn s57_a_service_without_the_call_is_named() {
    for kind in ["custom", "topic"] {
        let world = start("S57", "plain").await;
        let (path, request) = request_of(&world, kind);
        let rejection = world.post(&request, &[]).await;
        assert!(rejection.status().is_client_error(), "{kind}: {}", rejection.body());
        assert_eq!(creation_counts(&world, &path), (1, 0), "{kind}");
    }
}
