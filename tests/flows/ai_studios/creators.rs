//! Videos that one request makes: new, changed and spoken projects (contract 7). The simulator plays them in virtual
//! time.

use http::Method;
use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY,
    scenarios::{call_admin_api, run_until_ended},
    scripted_server::{PROJECT, Reply, error_body},
    world,
};
use crate::world::{World, assert_problem};

/// A request of each kind, with the path of the call that it makes.
fn requests(project: &Value) -> [(&'static str, Value); 4] {
    let scene = json!({
        "sceneIdx": 0,
        "background": { "id": "background", "type": "background" },
        "scripts": [{ "org": "Welcome.", "isTTS": false, "tts": null, "modelId": "M1", "clothId": "BG1" }],
        "clips": [{ "id": "c1", "type": "aiModel", "layer": 1, "top": 1.5, "left": 2, "height": 10, "width": 10 }],
    });
    let update = json!({ "scene_idx": 0, "type": "aiModel", "values": { "script": "A new text." } });
    [
        ("/editor/project", json!({ "kind": "create_project", "name": "Spring", "scenes": [scene] })),
        (
            "/editor/project/{id}",
            json!({ "kind": "edit_project", "project_id": project, "updates": [update] }),
        ),
        (
            "/simple/video",
            json!({ "kind": "simple_video", "language": "en", "text": "Hi", "model": "M1", "clothes": "BG1" }),
        ),
        ("/simple/custom", json!({ "kind": "custom_video", "language": "en", "text": "Hi", "model": "M1" })),
    ]
}

/// Starts a world with the simulator. Returns it with the requests of each kind.
async fn start() -> (World, [(&'static str, Value); 4]) {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
    let requests = requests(&project).map(|(path, mut request)| {
        request["provider"] = json!("ai_studios");
        (path.replace("{id}", project.as_str().expect("an id")).leak() as &'static str, request)
    });
    (world, requests)
}

/// The bodies that the provider received at a path.
fn posts(world: &World, path: &str) -> Vec<Value> {
    let query = format!("/requests?endpoint=api&method=POST&path=/api/odin/v3{path}");
    let requests = call_admin_api(world, Method::GET, &query, Value::Null);
    let body =
        |request: &Value| serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON");
    requests.as_array().expect("a list").iter().map(body).collect()
}

#[tokio::test]
async fn s33_the_videos_of_every_creator_land_without_any_callback() {
    for number in 0..4 {
        let (world, requests) = start().await;
        call_admin_api(&world, Method::PUT, "/knobs", json!({ "webhook": { "events": "none" } }));
        let (path, mut request) = requests[number].clone();
        request["resolution"] = json!("720");
        let id = world.submit_request(&request).await;
        let job = run_until_ended(&world, &id).await;
        assert_eq!(job["status"], "stored", "{path}: {job:#}");
        let sent = posts(&world, path);
        assert_eq!(
            (sent.len(), &sent[0]["isExport"], &sent[0]["resolution"]),
            (1, &json!(true), &json!("720"))
        );
        let file = &world.read_manifest(&job).await["files"][0];
        assert_eq!(
            (&file["content_type"], &file["details"]["resolution"]),
            (&json!("video/mp4"), &json!("720"))
        );
        assert_eq!(file["details"]["project_id"], job["provider_job_id"], "{path}");
    }
}

#[tokio::test]
async fn s33_a_callback_lands_the_video_before_the_next_sweep() {
    for number in 0..4 {
        let (world, requests) = start().await;
        let (path, request) = &requests[number];
        let id = world.submit_request(request).await;
        call_admin_api(&world, Method::POST, "/clock/advance", json!({ "seconds": 90 }));
        world.wait_for_status(&id, "stored").await;
        assert_eq!(posts(&world, path).len(), 1);
    }
}

#[tokio::test]
async fn s33_a_render_that_fails_or_is_refused_is_reported_and_not_repeated() {
    for number in 0..4 {
        let (world, requests) = start().await;
        call_admin_api(&world, Method::PUT, "/knobs", json!({ "timeline": { "fails_at_percent": 40 } }));
        let (path, request) = &requests[number];
        let id = world.submit_request(request).await;
        let job = run_until_ended(&world, &id).await;
        assert_eq!(
            (&job["status"], &job["error"]["type"]),
            (&json!("failed"), &json!("ProviderFailed")),
            "{path}"
        );
        assert_eq!(posts(&world, path).len(), 1);

        call_admin_api(&world, Method::PUT, "/knobs", json!({ "export": { "credits": 0 } }));
        let mut other = request.clone();
        other["metadata"] = json!({ "again": true });
        assert_problem(&world.post(&other, &[]).await, 429, "provider-quota");
        assert_eq!(posts(&world, path).len(), 2);
    }
}

#[tokio::test]
async fn s36_a_request_whose_response_was_lost_is_not_sent_again() {
    let (world, studio) = world().await;
    let spoken = json!({ "provider": "ai_studios", "kind": "custom_video", "language": "en", "text": "Hi", "model": "M1" });
    studio.reply_with("custom", [Reply::Raw(500, error_body(5000, "oops"))]);
    let id = world.submit_request(&spoken).await;
    let job = world.job(&id).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("unknown"), &json!("ProviderOutcomeUnknown"))
    );
    assert!(
        job["error"]["message"].as_str().is_some_and(|text| text.contains("id of its project is unknown"))
    );
    for _ in 0..3 {
        world.sweep(BEYOND_POLL_DELAY).await;
    }
    assert_eq!(world.job(&id).await["status"], "unknown");
    assert_eq!(studio.request_count(&["custom"]), 1);
    assert_eq!(studio.request_count(&["progress", "project"]), 0, "there is no id to poll");
}

#[tokio::test]
async fn a_spoken_video_counts_for_the_limit_of_concurrent_jobs() {
    let (world, studio) =
        super::world_with(|options| options.variable("AI_STUDIOS_CONCURRENT_JOBS", "1")).await;
    studio.reply_with("custom", [Reply::Data(json!({ "projectId": PROJECT, "taskId": "t" }))]);
    let spoken = json!({ "provider": "ai_studios", "kind": "custom_video", "language": "en", "text": "Hi", "model": "M1" });
    let first = world.submit_request(&spoken).await;
    let mut other = spoken.clone();
    other["text"] = json!("Bye");
    let second = world.submit_request(&other).await;
    assert_eq!(world.job(&second).await["status"], "waiting");
    world.cancel_job(&first).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&second, "submitted").await;
    assert_eq!(studio.request_count(&["custom"]), 2);
}
