//! Missing sources, and responses that are no archive.

use http::Method;
use serde_json::json;

use super::{assert_mentions, serve_response};
use crate::world::World;

#[tokio::test]
async fn an_expired_download_url_fails_the_job() {
    let world = World::start().await;
    let message = world.fail_landing(json!({ "on": "archive", "kind": "expired" }), "SourceGone").await;
    assert_mentions(&message, &["403", "expired"]);
}

#[tokio::test]
async fn a_callback_hours_late_finds_an_expired_download_url() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "delivery", "kind": "delay", "seconds": 7200 }));
    let id = world.submit_export(3).await;
    world.advance_to_next_delivery();
    let job = world.wait_for_status(&id, "failed").await;
    assert_eq!(job["error"]["type"], "SourceGone", "{job:#}");
}

#[tokio::test]
async fn a_missing_source_fails_the_job() {
    let world = World::start().await;
    let message = world.fail_landing(json!({ "on": "archive", "kind": "not_found" }), "SourceGone").await;
    assert_mentions(&message, &["404", "expired or the file was deleted"]);
}

#[tokio::test]
async fn an_html_page_instead_of_an_archive_fails_the_job() {
    let world = World::start().await;
    let message = world.fail_landing(json!({ "on": "archive", "kind": "not_a_zip" }), "ArchiveInvalid").await;
    assert_mentions(&message, &["not a ZIP"]);
}

#[tokio::test]
async fn a_truncated_archive_fails_the_job() {
    let world = World::start().await;
    let truncated = json!({ "on": "archive", "kind": "truncated", "bytes": 2000 });
    assert_mentions(&world.fail_landing(truncated, "ArchiveInvalid").await, &["not a complete ZIP"]);
}

#[tokio::test]
async fn a_truncated_archive_without_a_length_fails_the_job() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "archive_ranges": false }));
    let short = json!({ "on": "archive", "kind": "no_length", "short_after": 2000 });
    assert_mentions(&world.fail_landing(short, "ArchiveInvalid").await, &["not a complete ZIP"]);
}

#[tokio::test]
async fn an_empty_body_is_not_an_archive() {
    let world = World::start().await;
    world.set_next_archive(Vec::new());
    assert_mentions(&world.fail_landing(json!([]), "ArchiveInvalid").await, &["ZIP"]);
}

#[tokio::test]
async fn a_content_encoding_fails_the_job() {
    let origin = serve_response(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 22\r\nconnection: close\r\n\r\n\
          PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    let origin = origin.await;
    let world = World::start_with(|options| options.variable("TRUSTED_ORIGINS", origin.clone())).await;
    let (id, url) = world.submit_export_without_callback(1).await;
    let body =
        json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": format!("{origin}/a.zip") });
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
    let job = world.wait_for_status(&id, "failed").await;
    assert_mentions(job["error"]["message"].as_str().expect("a message"), &["encoding", "gzip"]);
    assert_eq!(world.object_keys().await, Vec::<String>::new());
}
