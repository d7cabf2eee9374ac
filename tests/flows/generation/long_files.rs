//! A file set with a file that is too large for one request, or for one invocation.

use std::time::Duration;

use harness::{BUCKET, cloud::Service};
use http::Method;
use serde_json::json;

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_in_a_set_is_resumed_across_invocation_deadlines() {
    // The clean-up reserve leaves each invocation five seconds: enough for four parts and not for seven.
    let world = World::start_with(|mut options| {
        options.worker_timeout = Duration::from_secs(8);
        options
    })
    .await;
    let long = video_of(&archive_of(1, 99 * MIB));
    let put =
        world.abyssale().admin_bytes(Method::PUT, "/file?format=half-page", "video/mp4", long.clone().into());
    put.unwrap_or_else(|rejection| panic!("{rejection}"));
    world.inject_fault(json!({
        "on": "file", "format": "half-page", "kind": "slow", "count": null, "chunk": 6 * MIB / 50, "pause_seconds": 0.02,
    }));
    let job = world.run_job(&world.generation_request("animated", json!({})), "stored").await;

    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    let file = manifest["files"].as_array().expect("files").iter().find(|file| file["bytes"] == long.len());
    let key = file.and_then(|file| file["key"].as_str()).expect("the long file");
    assert!(world.read_object(key).await == long, "the stored bytes differ");
    for file in manifest["files"].as_array().expect("files") {
        assert_eq!(world.cloud.object_writes(BUCKET, file["key"].as_str().expect("a key")), 1, "{file}");
    }
    let requests = world.cloud.requests();
    assert_eq!(requests.count(Service::S3, "CreateMultipartUpload"), 1);
    let parts = long.len().div_ceil(16 * MIB) as u64;
    let sent = requests.count(Service::S3, "UploadPart");
    assert!(
        sent > parts && sent < 2 * parts,
        "{sent} of {parts} parts were sent: the landing was not interrupted, or started again"
    );
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

/// An MP4 whose `mdat` box holds these bytes. It plays nothing.
fn video_of(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + bytes.len()).expect("a short box").to_be_bytes();
    [&b"\0\0\0\x18ftypisom\0\0\x02\0isommp41"[..], &length, b"mdat", bytes].concat()
}
