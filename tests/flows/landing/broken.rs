//! Sources that are gone, and answers that are no archive.

use http::Method;
use serde_json::json;

use super::{says, serves};
use crate::world::World;

#[tokio::test]
async fn an_expired_link_fails_the_job() {
    let world = World::start().await;
    let said = world.failed_landing(json!({ "on": "archive", "kind": "expired" }), "SourceGone").await;
    says(&said, &["403", "expired"]);
}

#[tokio::test]
async fn a_callback_that_comes_hours_late_finds_an_expired_link() {
    let world = World::start().await;
    world.trouble(json!({ "on": "delivery", "kind": "delay", "seconds": 7200 }));
    let id = world.submitted(3).await;
    world.next_delivery();
    let job = world.ends(&id, "failed").await;
    assert_eq!(job["error"]["type"], "SourceGone", "{job:#}");
}

#[tokio::test]
async fn a_file_that_is_gone_fails_the_job() {
    let world = World::start().await;
    let said = world.failed_landing(json!({ "on": "archive", "kind": "not_found" }), "SourceGone").await;
    says(&said, &["404", "gone"]);
}

#[tokio::test]
async fn a_page_instead_of_an_archive_fails_the_job() {
    let world = World::start().await;
    let said = world.failed_landing(json!({ "on": "archive", "kind": "not_a_zip" }), "ArchiveInvalid").await;
    says(&said, &["not a ZIP"]);
}

#[tokio::test]
async fn an_archive_that_was_cut_off_before_it_was_served_fails_the_job() {
    let world = World::start().await;
    let truncated = json!({ "on": "archive", "kind": "truncated", "bytes": 2000 });
    says(&world.failed_landing(truncated, "ArchiveInvalid").await, &["not a complete ZIP"]);
}

#[tokio::test]
async fn an_archive_that_ends_early_without_a_length_fails_the_job() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "archive_ranges": false }));
    let short = json!({ "on": "archive", "kind": "no_length", "short_after": 2000 });
    says(&world.failed_landing(short, "ArchiveInvalid").await, &["not a complete ZIP"]);
}

#[tokio::test]
async fn nothing_at_all_is_no_archive() {
    let world = World::start().await;
    world.next_archive(Vec::new());
    says(&world.failed_landing(json!([]), "ArchiveInvalid").await, &["ZIP"]);
}

#[tokio::test]
async fn encoded_bytes_are_not_the_archive() {
    let origin = serves(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 22\r\nconnection: close\r\n\r\n\
          PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    let origin = origin.await;
    let world = World::start_with(|options| options.variable("TRUSTED_ORIGINS", origin.clone())).await;
    let (id, url) = world.submitted_in_silence(1).await;
    let body =
        json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": format!("{origin}/a.zip") });
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
    let job = world.ends(&id, "failed").await;
    says(job["error"]["message"].as_str().expect("a message"), &["encoding", "gzip"]);
    assert_eq!(world.keys().await, Vec::<String>::new());
}
