//! Exports that are a bare file: a single asset that was exported in the platform's own interface.

use http::Method;
use serde_json::{Value, json};

use super::start_subscribed;
use crate::world::World;

impl World {
    /// Exports one banner in the platform as a bare file. Returns its job.
    async fn import_bare_file(&self, banner: &Value) -> Value {
        self.export_in_platform(json!({ "banner_ids": [banner], "bare_file": true })).await;
        self.imported_job().await
    }
}

#[tokio::test]
async fn a_bare_file_from_the_platform_lands_as_that_file() {
    let world = start_subscribed("export").await;
    let job = world.import_bare_file(&world.banner_ids(1)[0]).await;
    assert_eq!(
        (&job["status"], &job["files_total"], &job["archive"]),
        (&json!("stored"), &json!(1), &Value::Null),
        "{job:#}"
    );
    let manifest = world.read_manifest(&job).await;
    let (name, content_type) = (&manifest["files"][0]["name"], &manifest["files"][0]["content_type"]);
    assert!(content_type == "image/png" || content_type == "image/jpeg", "{content_type}");
    assert!(
        name.as_str()
            .is_some_and(|name| name.ends_with(".png") || name.ends_with(".jpeg") || name.ends_with(".jpg"))
    );
    assert_eq!(manifest["completeness"], json!({ "expected": 1, "landed": 1, "missing": 0 }));
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn a_bare_video_and_a_bare_document_land_with_their_types() {
    for (design, file_type, expected) in
        [("animated", "mp4", "video/mp4"), ("printer", "pdf", "application/pdf")]
    {
        let world = World::start_with(|options| options.variable("IMPORT_KINDS", "export")).await;
        let request = world.generation_request(design, json!({ "image_file_type": file_type }));
        let made = world.run_job(&request, "stored").await;
        let banner = world.read_manifest(&made).await["files"][0]["details"]["banner_id"].clone();
        world.subscribe().await;
        world.export_in_platform(json!({ "banner_ids": [banner], "bare_file": true })).await;
        let list = world.call_api(Method::GET, "/jobs?kind=export", &[], &Value::Null).await.into_body();
        let job = world.job(list["jobs"][0]["job_id"].as_str().expect("an id")).await;
        assert_eq!(job["status"], "stored", "{job:#}");
        let file = &world.read_manifest(&job).await["files"][0];
        assert_eq!(file["content_type"], expected);
        assert!(file["name"].as_str().is_some_and(|name| name.ends_with(file_type)), "{file}");
    }
}

#[tokio::test]
async fn the_content_decides_whatever_the_url_and_the_content_type_say() {
    let world = start_subscribed("export").await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82".to_vec();
    world.set_next_archive(png);
    world.export_in_platform(json!({})).await;
    let job = world.imported_job().await;
    assert_eq!(
        (&job["status"], &job["files"][0]["content_type"]),
        (&json!("stored"), &json!("image/png")),
        "{job:#}"
    );
    assert!(job["files"][0]["name"].as_str().is_some_and(|name| name.ends_with(".png")), "{job:#}");
}

#[tokio::test]
async fn a_page_and_json_in_place_of_an_archive_are_refused() {
    for content in [
        &b"<!doctype html><title>Sign in</title>"[..],
        b"{\"id\":\"not_found\"}",
        b"<?xml version='1.0'?><Error/>",
        b"",
    ] {
        let world = start_subscribed("export").await;
        world.set_next_archive(content.to_vec());
        world.export_in_platform(json!({})).await;
        let job = world.imported_job().await;
        assert_eq!(
            (&job["status"], &job["error"]["type"]),
            (&json!("failed"), &json!("ArchiveInvalid")),
            "{job:#}"
        );
        assert_eq!(world.object_keys().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_own_export_of_one_banner_may_be_a_bare_file_and_one_of_several_may_not() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "bare_single_export": true }));
    let id = world.submit_export(1).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["files_total"], &job["archive"]), (&json!(1), &Value::Null));

    let png = b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82".to_vec();
    world.set_next_archive(png);
    let id = world.submit_export(2).await;
    assert_eq!(world.wait_for_status(&id, "failed").await["error"]["type"], "ArchiveInvalid");
}
