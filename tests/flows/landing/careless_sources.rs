//! Sources whose servers are careless with ranges: the file lands byte for byte, in a known number of requests.

use std::time::Duration;

use harness::{
    BUCKET,
    cloud::{Outage, Service},
    until,
};
use http::Method;
use serde_json::{Value, json};

use super::assert_mentions;
use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

impl World {
    /// From now on, every download of this kind (`archive` or `file`) has this flaw.
    fn serve_carelessly(&self, on: &str, flaw: Value) {
        self.admin(Method::DELETE, "/faults", Value::Null);
        let mut fault = flaw;
        (fault["on"], fault["kind"], fault["count"]) = (json!(on), json!("careless_ranges"), Value::Null);
        self.inject_fault(fault);
    }

    /// Lands this archive with this flaw. Returns how many downloads it took.
    async fn land_carelessly(&self, archive: &[u8], flaw: &Value) -> usize {
        let before = self.download_count();
        self.serve_carelessly("archive", flaw.clone());
        self.set_next_archive(archive.to_vec());
        let id = self.submit_export(3).await;
        let job = self.wait_for_status(&id, "stored").await;
        let key = job["archive"]["key"].as_str().expect("a key");
        assert!(self.read_object(key).await == archive, "{flaw}: the stored bytes differ");
        assert_eq!((self.cloud.object_writes(BUCKET, key), &job["error"]), (1, &Value::Null), "{flaw}");
        assert_eq!(self.open_uploads().await, Vec::<String>::new(), "{flaw}");
        self.download_count() - before
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_archive_lands_from_a_server_with_any_flaw() {
    let world = World::start().await;
    let archive = archive_of(3, 20_000);
    let short_responses = archive.len().div_ceil(16_384);
    for (flaw, downloads) in [
        // What a short response lacks is requested from there on.
        (json!({ "flaw": "short", "bytes": 16_384 }), short_responses),
        // Ranges that cannot be trusted fall back to one plain GET.
        (json!({ "flaw": "no_content_range" }), 2),
        (json!({ "flaw": "unknown_length" }), 2),
        (json!({ "flaw": "shifted" }), 2),
        (json!({ "flaw": "contradicting", "bytes": 1000 }), 2),
        (json!({ "flaw": "several_parts" }), 2),
        (json!({ "flaw": "not_satisfiable" }), 2),
        (json!({ "flaw": "gzip" }), 2),
        // The first response is the whole file.
        (json!({ "flaw": "too_long" }), 1),
        (json!({ "flaw": "node_etag" }), 1),
        (json!({ "flaw": "weak_etag" }), 1),
        (json!({ "flaw": "last_modified" }), 1),
        (json!({ "flaw": "no_validator" }), 1),
        (json!({ "flaw": "accept_ranges_none" }), 1),
    ] {
        assert_eq!(world.land_carelessly(&archive, &flaw).await, downloads, "{flaw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_a_byte_at_a_time_is_asked_for_the_whole_file() {
    let world = World::start().await;
    let flaw = json!({ "flaw": "short", "bytes": 1 });
    assert_eq!(world.land_carelessly(&archive_of(3, 20_000), &flaw).await, 16 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_archive_lands_from_a_server_with_any_flaw() {
    let world = World::start_with(|options| options.variable("UNPACK", "false")).await;
    let archive = archive_of(3, 22 * MIB);
    let parts = archive.len().div_ceil(16 * MIB);
    assert_eq!(parts, 5, "four parts of 16 MiB, and one of 2 MiB");
    for (flaw, downloads) in [
        // Two responses for each part but the last.
        (json!({ "flaw": "short", "bytes": 8 * MIB }), 9..=9),
        // The whole response tells the length, and carries the first part; the other parts are ranges.
        (json!({ "flaw": "unknown_length" }), 6..=6),
        (json!({ "flaw": "last_modified" }), 5..=5),
        // Without a strong validator, the first response is the only one.
        (json!({ "flaw": "weak_etag" }), 1..=1),
        (json!({ "flaw": "no_validator" }), 1..=1),
        (json!({ "flaw": "accept_ranges_none" }), 1..=1),
        (json!({ "flaw": "no_content_range" }), 2..=2),
        (json!({ "flaw": "not_satisfiable" }), 2..=2),
        // The first response, up to four other parts that turn out not to fit to it, and the whole file.
        (json!({ "flaw": "node_etag" }), 3..=6),
        (json!({ "flaw": "node_etag_without_if_range" }), 3..=6),
        (json!({ "flaw": "too_long" }), 3..=6),
    ] {
        let count = world.land_carelessly(&archive, &flaw).await;
        assert!(downloads.contains(&count), "{flaw}: {count} downloads, not {downloads:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_starts_again_may_still_fall_back_to_the_whole_file() {
    let world = World::start_with(|options| options.variable("UNPACK", "false")).await;
    world.cloud.faults().next(Service::S3, "UploadPart", Outage::Refuse503, 2);
    world.land_carelessly(&archive_of(3, 22 * MIB), &json!({ "flaw": "node_etag" })).await;
}

#[tokio::test]
async fn the_files_of_a_set_land_from_a_careless_server() {
    let world = World::start().await;
    for (flaw, downloads) in [
        ("no_content_range", 6..=6),
        ("unknown_length", 6..=6),
        ("shifted", 6..=6),
        ("several_parts", 6..=6),
        ("not_satisfiable", 6..=6),
        // A file of unknown length may have to wait for another one, and is then requested once more.
        ("gzip", 6..=8),
    ] {
        let before = world.download_count();
        world.serve_carelessly("file", json!({ "flaw": flaw }));
        let job = world.run_job(&world.three_format_request(), "stored").await;
        let manifest = world.read_manifest(&job).await;
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }), "{flaw}");
        world.assert_files_match_manifest(&manifest).await;
        let count = world.download_count() - before;
        assert!(downloads.contains(&count), "{flaw}: {count} downloads, not {downloads:?}");
    }
}

/// A world whose invocations have a second for a short landing and five for a long one.
async fn world_with_short_invocations() -> World {
    World::start_with(|mut options| {
        options.worker_timeout = Duration::from_secs(8);
        let options = options.variable("SHORT_LANDING_SECONDS", "1").variable("UNPACK", "false");
        options.variable("RETRY_BASE_SECONDS", "0").variable("MIN_DOWNLOAD_BYTES_PER_SECOND", "0")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_never_fits_into_an_invocation_fails_with_the_reason_after_three() {
    let world = world_with_short_invocations().await;
    let archive = archive_of(3, 33 * MIB);
    world.set_next_archive(archive.clone());
    world.admin(Method::PUT, "/knobs", json!({ "archive_ranges": false }));
    world.throttle_downloads(6 * MIB);
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "failed").await;
    let error = &job["error"];
    assert_eq!((&error["type"], &error["retryable"]), (&json!("SourceTooLarge"), &json!(false)), "{job:#}");
    let length = format!("{} bytes", archive.len());
    let message = error["message"].as_str().expect("a message");
    assert_mentions(
        message,
        &["too large for its server", "3 invocations", "does not support ranges", &length],
    );
    // The short landing, three long ones, and the request that tells that it is the same file.
    assert_eq!(world.download_count(), 5);
    assert_eq!(world.object_keys().await, Vec::<String>::new());
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
    world.wait_for_empty_queue().await;

    // A retry by an operator has as many attempts.
    world.admin(Method::DELETE, "/faults", Value::Null);
    let retried = world.call_api(Method::POST, &format!("/jobs/{id}/retry"), &[], &json!({})).await;
    assert_eq!(retried.status(), 202);
    let job = world.wait_for_status(&id, "stored").await;
    assert!(world.read_object(job["archive"]["key"].as_str().expect("a key")).await == archive);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_is_not_resumed_once_its_validator_is_gone() {
    let mut world = World::start_with(|options| options.variable("UNPACK", "false")).await;
    let archive = archive_of(3, 40 * MIB);
    world.set_next_archive(archive.clone());
    world.throttle_downloads(10 * MIB);
    let id = world.submit_export(3).await;
    until("a checkpoint has a part", || async {
        let checkpoint = world.read_checkpoint(&id).await?;
        checkpoint["parts"].as_array().is_some_and(|parts| !parts.is_empty()).then_some(())
    })
    .await;
    world.stack.pause_worker();
    world.serve_carelessly("archive", json!({ "flaw": "weak_etag" }));
    world.stack.resume_worker();
    world.assert_lands_unchanged(&id, &archive).await;
    assert_eq!(world.cloud.requests().count(Service::S3, "CreateMultipartUpload"), 2);
}
