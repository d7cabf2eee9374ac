//! The concurrency limit (contract 6.3): only so many exports run at the provider at once, the others wait.

use harness::until;
use serde_json::{Value, json};

use super::{BEYOND_POLL_DELAY, scripted_server::ScriptedStudio, video_request, world_with};
use crate::world::World;

/// The id of another project.
const OTHER_PROJECT: &str = "66b1f0c2a9d3e84f57c10a2c";

/// A world in which one running export uses the only slot.
async fn world_at_limit() -> (World, ScriptedStudio, String) {
    let (world, studio) = world_with(|options| options.variable("AI_STUDIOS_CONCURRENT_JOBS", "1")).await;
    let id = world.submit_request(&video_request()).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    studio.set_progress(json!({ "progress": 12, "state": "exporting" }));
    (world, studio, id)
}

impl World {
    /// Waits until the worker has checked a queued job and found no free slot.
    async fn wait_for_postponed_submission(&self, id: &str) {
        let found = async || {
            let item = self.job_item(id).await;
            item["answered_polls"].as_n().is_ok_and(|polls| polls != "0").then_some(())
        };
        until("no slot is free", found).await;
    }
}

fn export_of(project: &str) -> Value {
    json!({ "provider": "ai_studios", "kind": "export", "project_id": project })
}

#[tokio::test]
async fn an_export_beyond_the_concurrency_limit_waits_and_is_submitted_when_a_slot_is_free() {
    let (world, studio, first) = world_at_limit().await;
    let second = world.submit_request(&export_of(OTHER_PROJECT)).await;
    assert_eq!(world.job(&second).await["status"], "waiting");
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_postponed_submission(&second).await;
    assert_eq!(
        (&world.job(&second).await["status"], studio.request_count(&["export"])),
        (&json!("waiting"), 1)
    );

    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&first, "stored").await;
    until("the second export is requested", async || {
        world.sweep(BEYOND_POLL_DELAY).await;
        (studio.request_count(&["export"]) == 2).then_some(())
    })
    .await;
    world.wait_for_status(&second, "stored").await;
}

#[tokio::test]
async fn a_cancelled_export_frees_its_slot() {
    let (world, studio, first) = world_at_limit().await;
    let second = world.submit_request(&export_of(OTHER_PROJECT)).await;
    world.cancel_job(&first).await;
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&second, "submitted").await;
    assert_eq!(studio.request_count(&["export"]), 2);
}

#[tokio::test]
async fn waiting_exports_get_a_slot_before_newer_ones() {
    let (world, studio, first) = world_at_limit().await;
    let second = world.submit_request(&export_of(OTHER_PROJECT)).await;
    world.cancel_job(&first).await;
    let third = world.submit_request(&export_of("66b1f0c2a9d3e84f57c10a2d")).await;
    assert_eq!(world.job(&third).await["status"], "waiting", "the free slot belongs to an older job");
    world.sweep(BEYOND_POLL_DELAY).await;
    world.wait_for_status(&second, "submitted").await;
    assert_eq!(
        (&world.job(&third).await["status"], studio.request_count(&["export"])),
        (&json!("waiting"), 2)
    );
}

#[tokio::test]
async fn a_stalled_landing_takes_no_slot() {
    let (mut world, studio, first) = world_at_limit().await;
    world.stack.pause_worker();
    studio.complete_video();
    world.sweep(BEYOND_POLL_DELAY).await;
    assert_eq!(world.job(&first).await["status"], "received");
    let second = world.submit_request(&export_of(OTHER_PROJECT)).await;
    assert_eq!(
        (&world.job(&second).await["status"], studio.request_count(&["export"])),
        (&json!("submitted"), 2)
    );
}

#[tokio::test]
async fn a_tracked_project_needs_no_slot() {
    let (world, studio, _) = world_at_limit().await;
    let mut tracked = export_of(OTHER_PROJECT);
    tracked["track"] = json!(true);
    let id = world.submit_request(&tracked).await;
    assert_eq!(
        (&world.job(&id).await["status"], studio.request_count(&["export"])),
        (&json!("submitted"), 1)
    );
}

#[tokio::test]
async fn a_second_export_of_the_same_project_is_rejected_and_does_not_wait() {
    let (world, studio, _) = world_at_limit().await;
    assert_eq!(world.post(&video_request(), &[]).await.status(), 409);
    assert_eq!(studio.request_count(&["export"]), 1);
}
