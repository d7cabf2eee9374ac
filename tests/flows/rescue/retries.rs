//! An operator's retry reads the banners of an export.

use std::collections::BTreeSet;

use harness::BUCKET;
use http::Method;
use serde_json::{Value, json};
use time::Duration;

use super::{file_names, missing_names};
use crate::world::World;

#[tokio::test]
async fn a_retried_expired_export_lands_its_banners() {
    let world = World::start_with(|options| options.variable("RESCUE_AFTER_SECONDS", "0")).await;
    let (id, _) = world.submit_export_without_callback(2).await;
    world.sweep_at_age(&id, Duration::hours(25)).await;
    assert_eq!(world.job(&id).await["status"], "expired");
    world.retry_job(&id).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["completed_by"], &job["files_total"]), (&json!("banners"), &json!(2)));
    world.assert_nothing_billed();
}

#[tokio::test]
async fn a_retried_export_of_which_nothing_can_be_read_is_expired_again() {
    let world = World::start_with(|options| options.variable("RESCUE_AFTER_SECONDS", "0")).await;
    let (id, _) = world.submit_export_without_callback(2).await;
    world.sweep_at_age(&id, Duration::hours(25)).await;
    world.delete_banners(&world.banner_ids(2));
    world.retry_job(&id).await;
    world.wait_for_empty_queue().await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], missing_names(&job).len()), (&json!("expired"), 2), "{job:#}");
    world.delete_banners(&[]);
    world.retry_job(&id).await;
    world.wait_for_status(&id, "stored").await;
}

#[tokio::test]
async fn a_retried_export_whose_archive_is_gone_lands_its_banners() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "expired", "count": null }));
    let id = world.submit_export(2).await;
    assert_eq!(world.wait_for_status(&id, "failed").await["error"]["type"], "SourceGone");
    world.retry_job(&id).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["completed_by"], &job["error"]), (&json!("banners"), &Value::Null));
    world.assert_nothing_billed();
}

#[tokio::test]
async fn a_retried_short_export_lands_what_its_archive_lacks_and_keeps_the_rest() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 2 }));
    let id = world.submit_export(3).await;
    let partial = world.wait_for_status(&id, "partial").await;
    world.wait_for_empty_queue().await;
    world.retry_job(&id).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["files_total"], &job["completed_by"]), (&json!(3), &json!("banners")), "{job:#}");
    assert_eq!((&job["archive"], &job["missing"]), (&partial["archive"], &json!([])));
    assert!(file_names(&job).is_superset(&file_names(&partial)));
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    assert_eq!(manifest["archive"]["entries"], 2);
    world.assert_files_match_manifest(&manifest).await;
    let archive = job["archive"]["key"].as_str().expect("a key");
    assert_eq!(world.cloud.object_writes(BUCKET, archive), 1);
    world.assert_nothing_billed();
}

#[tokio::test]
async fn a_retried_rescue_keeps_the_files_of_banners_that_were_deleted_since() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(3).await;
    let ids = world.banner_ids(3);
    world.delete_banners(&ids[2..]);
    world.sweep_at_age(&id, Duration::minutes(31)).await;
    let partial = world.wait_for_status(&id, "partial").await;
    world.delete_banners(&ids[..1]);
    world.retry_job(&id).await;
    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["files_total"], 3, "{job:#}");
    assert!(file_names(&job).is_superset(&file_names(&partial)));
    assert_eq!((&job["completed_by"], &job["archive"]), (&json!("banners"), &Value::Null));
    world.assert_files_match_manifest(&world.read_manifest(&job).await).await;
}

#[tokio::test]
async fn a_retry_that_finds_nothing_new_leaves_the_job_as_it_was_with_the_names() {
    let world = World::start().await;
    let ids = world.banner_ids(3);
    world.delete_banners(&ids[1..2]);
    let id = world.submit_export(3).await;
    let partial = world.wait_for_status(&id, "partial").await;
    world.delete_banners(&ids);
    world.retry_job(&id).await;
    world.wait_for_empty_queue().await;
    let job = world.wait_for_status(&id, "partial").await;
    assert_eq!((&job["files"], &job["archive"]), (&partial["files"], &partial["archive"]), "{job:#}");
    assert_eq!(job["completed_by"], "callback");
}

#[tokio::test]
async fn files_of_the_archive_under_other_names_are_not_stored_twice() {
    let world = World::start().await;
    let banners = world.banner_ids(2);
    world.admin(Method::PUT, "/knobs", json!({ "filename": "renamed-{number}.{extension}" }));
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let id = world.submit_export(2).await;
    let partial = world.wait_for_status(&id, "partial").await;
    world.wait_for_empty_queue().await;
    world.retry_job(&id).await;
    let job = world.wait_for_status(&id, "stored").await;
    let names = file_names(&job);
    assert_eq!((names.len(), banners.len()), (2, 2), "{names:?}");
    let kept: BTreeSet<&str> = file_names(&partial).intersection(&names).copied().collect();
    assert_eq!(kept.len(), 1, "{names:?}");
    world.assert_files_match_manifest(&world.read_manifest(&job).await).await;
}
