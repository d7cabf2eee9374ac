//! Archives with fewer files than requested.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{assert_mentions, empty_archive};
use crate::world::World;

#[tokio::test]
async fn an_archive_with_fewer_files_is_stored_as_partial_with_the_counts() {
    let world = World::start().await;
    let job = world
        .land_with_faults(json!({ "on": "archive", "kind": "fewer_entries", "entries": 2 }), "partial")
        .await;
    assert_eq!((&job["archive"]["entries"], &job["archive"]["expected"]), (&json!(2), &json!(3)));
    assert_eq!(job["error"]["type"], "ArchiveIncomplete");
    assert_mentions(job["error"]["message"].as_str().expect("a message"), &["2 of 3", "1 missing"]);
    assert_eq!(job["files"].as_array().map(Vec::len), Some(2));
    let bytes = world.read_object(job["archive"]["key"].as_str().expect("a key")).await;
    assert_eq!(job["archive"]["bytes"], bytes.len());
}

#[tokio::test]
async fn an_unknown_banner_is_counted_as_missing() {
    let world = World::start().await;
    let mut export = world.export_request(2);
    export["banner_ids"].as_array_mut().expect("ids").push(json!(Uuid::new_v4()));
    let response = world.post(&export, &[]).await;
    let id = response.body()["job_id"].as_str().expect("an id");
    let job = world.wait_for_status(id, "partial").await;
    assert_eq!((&job["archive"]["entries"], &job["archive"]["expected"]), (&json!(2), &json!(3)));
}

#[tokio::test]
async fn an_empty_archive_is_stored_as_partial() {
    let world = World::start().await;
    world.set_next_archive(empty_archive());
    let job = world.land_with_faults(json!([]), "partial").await;
    assert_eq!((&job["archive"]["entries"], &job["archive"]["bytes"]), (&json!(0), &json!(22)));
    assert_ne!(job["archive"]["key"], Value::Null);
}
