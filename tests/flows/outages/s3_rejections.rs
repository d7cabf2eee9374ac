//! Landings whose writes S3 rejects: they met another request for the key, or the source paused.

use harness::{
    BUCKET,
    cloud::{Outage, Rejection, Service},
    until,
};
use http::Method;
use serde_json::{Value, json};

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;
const CONFLICT: Outage = Outage::Reject(Rejection::CONDITIONAL_REQUEST_CONFLICT);

impl World {
    fn s3_requests(&self, operation: &str) -> u64 {
        self.cloud.requests().count(Service::S3, operation)
    }

    /// Checks that the archive was stored with a second upload in the same attempt, and that the first one is aborted.
    async fn assert_stored_by_new_upload(&self, id: &str) {
        self.assert_stored_once(id).await;
        assert_eq!(self.s3_requests("CreateMultipartUpload"), 2, "the upload began anew");
        assert_eq!(self.s3_requests("CompleteMultipartUpload"), 2);
        assert_eq!(self.s3_requests("AbortMultipartUpload"), 1, "the first upload was aborted");
        self.assert_first_attempt();
    }

    /// Checks that no message was received twice: a second attempt looks for abandoned uploads.
    fn assert_first_attempt(&self) {
        assert_eq!(self.s3_requests("ListMultipartUploads"), self.open_upload_checks(), "one attempt");
    }

    /// How often a test listed the open uploads itself.
    fn open_upload_checks(&self) -> u64 {
        1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_at_the_completion_of_an_upload_begins_a_new_upload() {
    let world = World::start().await;
    world.set_next_archive(archive_of(3, 22 * MIB));
    world.cloud.faults().next(Service::S3, "CompleteMultipartUpload", CONFLICT, 1);
    let id = world.submit_export(3).await;
    world.assert_stored_by_new_upload(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_of_the_key_during_an_upload_begins_a_new_upload() {
    let world = World::start().await;
    world.set_next_archive(archive_of(3, 22 * MIB));
    let slow =
        json!({ "on": "archive", "kind": "slow", "count": null, "chunk": MIB / 4, "pause_seconds": 0.05 });
    world.admin(Method::POST, "/faults", slow);
    let id = world.submit_export(3).await;
    until("the upload is created", || async {
        (world.s3_requests("CreateMultipartUpload") == 1).then_some(())
    })
    .await;
    let job = world.job(&id).await;
    let day = job["created_at"].as_str().expect("a time")[..10].replace('-', "/");
    let key = format!("abyssale/{day}/{id}/archive.zip");
    world.aws.s3.delete_object().bucket(BUCKET).key(key).send().await.expect("deleted");
    world.admin(Method::DELETE, "/faults", Value::Null);
    world.assert_stored_by_new_upload(&id).await;
}

#[tokio::test]
async fn a_put_that_met_a_conflict_is_repeated_in_the_same_attempt() {
    // The archive, then each of its files and the manifest.
    for puts_before in 0..4 {
        let world = World::start().await;
        world.cloud.faults().next(Service::S3, "PutObject", Outage::None, puts_before);
        world.cloud.faults().next(Service::S3, "PutObject", CONFLICT, 1);
        let id = world.submit_export(2).await;
        world.assert_stored_once(&id).await;
        world.assert_first_attempt();
        assert_eq!(world.s3_requests("PutObject"), 5, "one of four puts is repeated");
    }
}

#[tokio::test]
async fn a_body_that_paused_for_too_long_is_the_fault_of_the_source() {
    let world = World::start().await;
    world.cloud.faults().next(Service::S3, "PutObject", Outage::Reject(Rejection::REQUEST_TIMEOUT), 1);
    let id = world.submit_export(2).await;
    world.wait_for_landing_error(&id, "SourceUnavailable").await;
}
