//! Tracked projects, which other tools create and export (contract 7): the job polls them and lands the video.

use std::time::Duration;

use harness::until;
use http::Method;
use serde_json::{Value, json};

use super::{
    BEYOND_POLL_DELAY,
    scenarios::{call_admin_api, export_counts},
};
use crate::world::World;

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
async fn s31_an_automation_is_polled_until_its_owner_exports_it() {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    let tool = OtherTool::start(&world).await;
    let topic = json!({ "topic": "Spring", "options": {} });
    let project = tool.post("/automation/topic_to_video", &topic).await["projectId"].clone();
    let id = world.submit_request(&tracking_request(&project)).await;
    for _ in 0..3 {
        let job = advance_and_sweep(&world, &id, 30).await;
        assert!(["submitted", "rendering"].contains(&job["status"].as_str().expect("a status")), "{job:#}");
    }
    assert_eq!(export_counts(&world).0, 0, "a tracking job requests no export");
    tool.post("/editor/project/export", &json!({ "projectId": project })).await;
    advance_and_sweep(&world, &id, 90).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn s31_an_automation_that_never_ends_fails_as_stalled() {
    let world = World::start_with(|options| options.variable("AI_STUDIOS_REQUESTS_PER_SECOND", "0")).await;
    call_admin_api(&world, Method::PUT, "/scenario", json!({ "scenario": "S31", "variant": "stalls" }));
    let tool = OtherTool::start(&world).await;
    let topic = json!({ "topic": "Spring", "options": {} });
    let project = tool.post("/automation/topic_to_video", &topic).await["projectId"].clone();
    let id = world.submit_request(&tracking_request(&project)).await;
    let ended = until("the job ends", || async {
        let job = advance_and_sweep(&world, &id, 600).await;
        ["failed", "expired"].iter().any(|end| job["status"] == *end).then_some(job)
    });
    let job = ended.await;
    let message = job["error"]["message"].as_str().expect("a reason");
    assert!(message.contains("stalled"), "{job:#}");
    assert_eq!(export_counts(&world).0, 0);
}
