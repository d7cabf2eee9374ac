//! The requests to AWS that the export of a video costs.

use serde_json::json;

use super::{callback, scripted_server::ScriptedStudio, video_request};
use crate::{
    request_budget::{RequestBudget, with_default_limits},
    world::World,
};

/// A world with the limits of a deployment, and a server whose video is ready soon.
async fn world_with_default_limits() -> (World, ScriptedStudio) {
    super::world_with(with_default_limits).await
}

#[tokio::test]
async fn a_video_export_keeps_its_budget() {
    let (world, studio) = world_with_default_limits().await;
    let id = world.submit_counted(&video_request()).await;
    studio.complete_video();
    let done = json!({ "progress": 100, "credit": 2, "download_url": studio.video_url() });
    let url = callback(&studio);
    let sent = world.http.json(http::Method::POST, &url, &[], &done).await.expect("a response");
    assert_eq!(sent.status(), 200);
    // Each of the five requests to the provider needs a reservation of the rate limiter, which is one or two writes, and a
    // read of its pause.
    world.assert_within_budget(&id, "video export", RequestBudget { reads: 20, writes: 25 }).await;
}
