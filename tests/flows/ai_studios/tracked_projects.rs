//! Tracked projects, which other tools create and export (contract 7): the job polls them and lands the video.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY,
    scenarios::{call_admin_api, export_counts, run_until_ended},
};
use crate::world::{World, assert_problem, error_fields};

/// A tool that creates projects with the operator's own keys.
struct OtherTool<'a> {
    world: &'a World,
    api_url: String,
    token: String,
}

impl<'a> OtherTool<'a> {
    async fn start(world: &'a World) -> Self {
        let described = world.simulator("ai_studios").describe();
        let api_url = format!("{}/api/odin/v3", described["api_url"].as_str().expect("a URL"));
        let mut tool = Self { world, api_url, token: String::new() };
        let keys = json!({ "appId": described["app_id"], "userKey": described["user_key"] });
        let data = tool.post("/auth/token", &keys).await;
        tool.token = data["token"].as_str().expect("a token").to_owned();
        tool
    }

    /// Calls the API. Returns the `data` of the response.
    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.api_url);
        let headers = [("authorization", self.token.as_str())];
        let response = self.world.http.json(Method::POST, &url, &headers, body).await.expect("a response");
        response.body()["data"].clone()
    }
}

fn tracking_request(project: &Value) -> Value {
    json!({ "provider": "ai_studios", "kind": "export", "project_id": project, "track": true })
}

/// Advances the time of the provider and of the job, runs a sweep, and returns the job.
async fn advance_and_sweep(world: &World, id: &str, seconds: u64) -> Value {
    world.age_job(id, Duration::from_secs(seconds)).await;
    call_admin_api(world, Method::POST, "/clock/advance", json!({ "seconds": seconds }));
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_empty_queue().await;
    world.job(id).await
}

#[tokio::test]
async fn a_video_exported_by_another_tool_lands() {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    let tool = OtherTool::start(&world).await;
    let text = json!({ "language": "en", "text": "Hello", "model": "m" });
    let project = tool.post("/simple/custom", &text).await["projectId"].clone();
    let id = world.submit_request(&tracking_request(&project)).await;
    assert_eq!(advance_and_sweep(&world, &id, 30).await["status"], "rendering");
    advance_and_sweep(&world, &id, 60).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(export_counts(&world).0, 0, "a tracking job requests no export");
}

#[tokio::test]
async fn s31_an_automation_that_nobody_exports_is_rejected_at_once_with_what_is_missing() {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    let tool = OtherTool::start(&world).await;
    let topic = json!({ "topic": "Spring", "options": {} });
    let project = tool.post("/automation/topic_to_video", &topic).await["projectId"].clone();
    for seconds in [0, 600] {
        call_admin_api(&world, Method::POST, "/clock/advance", json!({ "seconds": seconds }));
        let rejection = world.post(&tracking_request(&project), &[]).await;
        let problem = assert_problem(&rejection, 409, "provider-conflict");
        assert_eq!(error_fields(problem), ["export"], "after {seconds} s");
    }
    tool.post("/editor/project/export", &json!({ "projectId": project })).await;
    let id = world.submit_request(&tracking_request(&project)).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!(
        (&job["status"], export_counts(&world)),
        (&json!("stored"), (1, 1)),
        "only its owner exports it"
    );
}

#[tokio::test]
async fn s31_an_automation_of_another_tool_is_exported_when_asked_to_and_only_when_it_is_finished() {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    let tool = OtherTool::start(&world).await;
    let topic = json!({ "topic": "Spring", "options": {} });
    let project = tool.post("/automation/topic_to_video", &topic).await["projectId"].clone();
    let mut request = tracking_request(&project);
    (request["export"], request["resolution"]) = (json!(true), json!("720"));
    let id = world.submit_request(&request).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(export_counts(&world).0, 0, "an unfinished project is not exported");
    let job = run_until_ended(&world, &id).await;
    assert_eq!((&job["status"], export_counts(&world)), (&json!("stored"), (1, 1)), "{job:#}");
    let details = &world.read_manifest(&job).await["files"][0]["details"];
    assert_eq!((&details["project_id"], &details["resolution"]), (&project, &json!("720")));

    request["metadata"] = json!({ "again": true });
    let again = world.submit_request(&request).await;
    assert_eq!(run_until_ended(&world, &again).await["status"], "stored");
    assert_eq!(export_counts(&world), (1, 1), "the export of the project exists already");
}

#[tokio::test]
async fn a_project_of_no_automation_is_exported_when_it_is_tracked_with_export() {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
    let mut request = tracking_request(&project);
    request["export"] = json!(true);
    let id = world.submit_request(&request).await;
    let job = run_until_ended(&world, &id).await;
    assert_eq!((&job["status"], export_counts(&world)), (&json!("stored"), (1, 1)), "{job:#}");
}
