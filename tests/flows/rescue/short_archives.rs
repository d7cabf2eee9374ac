//! Archives that hold fewer files than were requested: the job is partial at once, and its missing ids are named.

use std::collections::BTreeSet;

use harness::until;
use serde_json::{Value, json};

use super::missing_names;
use crate::world::World;

impl World {
    /// Waits until the missing files of a partial job are named.
    async fn wait_for_names(&self, id: &str) -> Value {
        self.wait_for_status(id, "partial").await;
        until("the missing files are named", || async {
            let job = self.job(id).await;
            (job["missing"] != json!([])).then_some(job)
        })
        .await
    }
}

#[tokio::test]
async fn the_id_of_a_banner_that_does_not_exist_is_named() {
    let world = World::start().await;
    let ids = world.banner_ids(4);
    world.delete_banners(&ids[2..3]);
    let id = world.submit_export(4).await;
    let job = world.wait_for_names(&id).await;
    assert_eq!((&job["status"], &job["files_total"]), (&json!("partial"), &json!(3)));
    assert_eq!(missing_names(&job), BTreeSet::from([ids[2].as_str().expect("an id")]));
    assert!(job["missing"][0]["reason"].as_str().is_some_and(|reason| reason.contains("no such banner")));
    assert_eq!(
        (&job["completed_by"], &job["error"]["type"]),
        (&json!("callback"), &json!("ArchiveIncomplete"))
    );
    world.wait_for_empty_queue().await;
    assert_eq!(world.read_banners().len(), 4);
    world.sweep(7 * 24 * 3600).await;
    assert_eq!((world.job(&id).await, world.read_banners().len()), (job, 4), "nothing more is asked");
    world.assert_nothing_billed();
}

#[tokio::test]
async fn a_banner_that_exists_and_is_not_in_the_archive_is_named_by_its_file() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 2 }));
    let id = world.submit_export(3).await;
    let job = world.wait_for_names(&id).await;
    assert_eq!(missing_names(&job), BTreeSet::from([world.banner_ids(3)[2].as_str().expect("an id")]));
    assert!(job["missing"][0]["reason"].as_str().is_some_and(|reason| reason.contains("a retry lands it")));
}

#[tokio::test]
async fn missing_files_that_cannot_be_told_apart_are_counted() {
    let world = World::start().await;
    world.admin(http::Method::PUT, "/knobs", json!({ "filename": "renamed-{number}.{extension}" }));
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 2 }));
    let id = world.submit_export(4).await;
    let job = world.wait_for_names(&id).await;
    assert_eq!(missing_names(&job).len(), 0);
    assert!(
        job["missing"][0]["reason"].as_str().is_some_and(|reason| reason.starts_with("2 more files")),
        "{job:#}"
    );
}

#[tokio::test]
async fn a_short_archive_whose_banners_are_not_read_is_partial_without_names() {
    let world = World::start_with(|options| options.variable("RESCUE_AFTER_SECONDS", "0")).await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 2 }));
    let id = world.submit_export(3).await;
    world.wait_for_status(&id, "partial").await;
    world.wait_for_empty_queue().await;
    world.sweep(24 * 3600).await;
    world.wait_for_empty_queue().await;
    assert_eq!((&world.job(&id).await["missing"], world.read_banners()), (&json!([]), vec![]));
}

#[tokio::test]
async fn names_that_a_worker_could_not_ask_for_are_asked_for_by_the_sweep() {
    let world = World::start().await;
    world
        .inject_fault(json!({ "on": "call", "route": "GET /banners/*", "kind": "rate_limited", "count": 1 }));
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let id = world.submit_export(2).await;
    world.wait_for_status(&id, "partial").await;
    world.wait_for_empty_queue().await;
    assert_eq!(world.job(&id).await["missing"], json!([]));
    world.sweep(3600).await;
    world.wait_for_names(&id).await;
}
