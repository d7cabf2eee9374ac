//! Only so many exports are under way at once (contract 6.3); the others wait.

use harness::until;
use serde_json::{Value, json};

use super::{LATER, scripted_server::Studio, video, world_with};
use crate::world::World;

/// Another project.
const OTHER: &str = "66b1f0c2a9d3e84f57c10a2c";

/// A world in which one export is under way, which is all that there may be.
async fn occupied() -> (World, Studio, String) {
    let (world, studio) = world_with(|options| options.variable("AI_STUDIOS_CONCURRENT_JOBS", "1")).await;
    let id = world.taken_up(&video()).await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    studio.progresses(json!({ "progress": 12, "state": "exporting" }));
    (world, studio, id)
}

impl World {
    /// Waits until whoever took up a job's message has found no room.
    async fn is_left_alone(&self, id: &str) {
        let found = async || {
            let item = self.job_item(id).await;
            item["checks"].as_n().is_ok_and(|looks| looks != "0").then_some(())
        };
        until("there is no room", found).await;
    }
}

fn of(project: &str) -> Value {
    json!({ "provider": "ai_studios", "kind": "export", "project_id": project })
}

#[tokio::test]
async fn an_export_beyond_the_ceiling_waits_and_is_asked_for_once_there_is_room() {
    let (world, studio, first) = occupied().await;
    let second = world.taken_up(&of(OTHER)).await;
    assert_eq!(world.job(&second).await["status"], "waiting");
    world.sweep(LATER).await;
    world.is_left_alone(&second).await;
    assert_eq!((&world.job(&second).await["status"], studio.count(&["export"])), (&json!("waiting"), 1));

    studio.is_done();
    world.sweep(LATER).await;
    world.ends(&first, "stored").await;
    until("the second one is asked for", async || {
        world.sweep(LATER).await;
        (studio.count(&["export"]) == 2).then_some(())
    })
    .await;
    world.ends(&second, "stored").await;
}

#[tokio::test]
async fn an_export_that_is_cancelled_makes_room() {
    let (world, studio, first) = occupied().await;
    let second = world.taken_up(&of(OTHER)).await;
    world.cancelled(&first).await;
    world.sweep(LATER).await;
    world.ends(&second, "submitted").await;
    assert_eq!(studio.count(&["export"]), 2);
}

#[tokio::test]
async fn whoever_waits_comes_before_those_who_come_later() {
    let (world, studio, first) = occupied().await;
    let second = world.taken_up(&of(OTHER)).await;
    world.cancelled(&first).await;
    let third = world.taken_up(&of("66b1f0c2a9d3e84f57c10a2d")).await;
    assert_eq!(world.job(&third).await["status"], "waiting", "there is a slot, but not for it");
    world.sweep(LATER).await;
    world.ends(&second, "submitted").await;
    assert_eq!((&world.job(&third).await["status"], studio.count(&["export"])), (&json!("waiting"), 2));
}

#[tokio::test]
async fn a_landing_that_does_not_go_on_takes_no_slot() {
    let (mut world, studio, first) = occupied().await;
    world.stack.pause_worker();
    studio.is_done();
    world.sweep(LATER).await;
    assert_eq!(world.job(&first).await["status"], "received");
    let second = world.taken_up(&of(OTHER)).await;
    assert_eq!((&world.job(&second).await["status"], studio.count(&["export"])), (&json!("submitted"), 2));
}

#[tokio::test]
async fn a_project_that_is_only_tracked_takes_no_room_and_needs_none() {
    let (world, studio, _) = occupied().await;
    let mut tracked = of(OTHER);
    tracked["track"] = json!(true);
    let id = world.taken_up(&tracked).await;
    assert_eq!((&world.job(&id).await["status"], studio.count(&["export"])), (&json!("submitted"), 1));
}

#[tokio::test]
async fn a_second_export_of_the_project_is_refused_and_does_not_wait() {
    let (world, studio, _) = occupied().await;
    assert_eq!(world.post(&video(), &[]).await.status(), 409);
    assert_eq!(studio.count(&["export"]), 1);
}
