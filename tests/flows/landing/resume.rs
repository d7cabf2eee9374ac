//! Landings that do not fit into one invocation resume from their checkpoint.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::{BUCKET, TABLE, cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

impl World {
    /// Limits every download to so many bytes per second on each connection.
    pub(super) fn throttle_downloads(&self, bytes_per_second: usize) {
        let fault = json!({
            "on": "archive", "kind": "slow", "count": null, "chunk": bytes_per_second / 50, "pause_seconds": 0.02,
        });
        self.admin(Method::POST, "/faults", fault);
    }

    /// How many downloads the provider's file server has received.
    pub(super) fn download_count(&self) -> usize {
        let requests = self.admin(Method::GET, "/requests?endpoint=files", Value::Null);
        requests.as_array().map_or_else(|| requests["requests"].as_array().map_or(0, Vec::len), Vec::len)
    }

    pub(super) async fn read_checkpoint(&self, id: &str) -> Option<Value> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.aws.dynamodb.get_item().table_name(TABLE).consistent_read(true);
        let item =
            get.key("pk", text(id)).key("sk", text("CHECKPOINT")).send().await.expect("a response").item?;
        serde_json::from_str(item["state"].as_s().expect("text")).ok()
    }

    pub(super) async fn assert_lands_unchanged(&self, id: &str, archive: &[u8]) {
        let job = self.wait_for_status(id, "stored").await;
        let key = job["archive"]["key"].as_str().expect("a key");
        assert!(self.read_object(key).await == archive, "the stored bytes differ");
        assert_eq!(self.cloud.object_writes(BUCKET, key), 1);
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_interrupted_by_every_deadline_resumes_with_the_same_bytes() {
    // The clean-up reserve leaves each invocation five seconds: enough for four parts and not for seven.
    let world = World::start_with(|mut options| {
        options.worker_timeout = Duration::from_secs(8);
        options
    })
    .await;
    let archive = archive_of(3, 33 * MIB);
    world.set_next_archive(archive.clone());
    world.throttle_downloads(6 * MIB);
    let id = world.submit_export(3).await;
    world.assert_lands_unchanged(&id, &archive).await;
    let checkpoint = world.read_checkpoint(&id).await.expect("a checkpoint was left on the way");
    assert!(checkpoint["parts"].as_array().is_some_and(|parts| !parts.is_empty()));
    assert_eq!(world.cloud.requests().count(Service::S3, "CreateMultipartUpload"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_whose_upload_was_aborted_starts_a_new_upload() {
    let mut world = World::start().await;
    let archive = archive_of(3, 40 * MIB);
    world.set_next_archive(archive.clone());
    world.throttle_downloads(10 * MIB);
    let id = world.submit_export(3).await;
    let checkpoint = until("a checkpoint has a part", || async {
        world
            .read_checkpoint(&id)
            .await
            .filter(|c| c["parts"].as_array().is_some_and(|parts| !parts.is_empty()))
    })
    .await;
    world.stack.pause_worker();
    let job = world.job(&id).await;
    let key = format!(
        "abyssale/{}/{id}/archive.zip",
        job["created_at"].as_str().expect("a time")[..10].replace('-', "/")
    );
    let abort = world.aws.s3.abort_multipart_upload().bucket(BUCKET).key(key);
    abort.upload_id(checkpoint["upload_id"].as_str().expect("an id")).send().await.expect("aborted");
    world.admin(Method::DELETE, "/faults", Value::Null);
    world.stack.resume_worker();
    world.assert_lands_unchanged(&id, &archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_part_that_failed_is_downloaded_again() {
    let world = World::start().await;
    let archive = archive_of(3, 32 * MIB);
    world.set_next_archive(archive.clone());
    world.admin(
        Method::POST,
        "/faults",
        json!({ "on": "archive", "kind": "cut", "count": 2, "after_bytes": MIB }),
    );
    let id = world.submit_export(3).await;
    world.assert_lands_unchanged(&id, &archive).await;
    let parts = archive.len().div_ceil(16 * MIB);
    assert_eq!(world.download_count(), parts + 2, "each part once, and the two that failed once more");
    assert_eq!(world.cloud.requests().count(Service::S3, "CreateMultipartUpload"), 1);
}
