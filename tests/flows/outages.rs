//! Outages of S3, DynamoDB and SQS: the job is stored after them. Lasting failures become dead letters, which can be
//! redriven.

mod dead_letters;
mod lost_responses;
mod s3_rejections;
mod stalled_landings;

use harness::{
    BUCKET,
    cloud::{Outage, Service},
    until,
};
use serde_json::{Value, json};

use crate::world::World;

/// A fault that makes downloads take some seconds.
fn slow_download() -> Value {
    json!({ "on": "archive", "kind": "slow", "chunk": 4096, "pause_seconds": 0.1 })
}

impl World {
    /// Waits until an operation was called so many times, failed calls included.
    async fn wait_for_aws_call(&self, service: Service, operation: &str, times: u64) {
        until(&format!("{operation} is called"), || async {
            (self.cloud.requests().count(service, operation) >= times).then_some(())
        })
        .await;
    }

    /// Waits until a job that is landing shows this retryable error. Returns the job.
    async fn wait_for_landing_error(&self, id: &str, class: &str) -> Value {
        let job = until("the job shows its error", || async {
            let job = self.job(id).await;
            (job["error"]["type"] == class).then_some(job)
        });
        let job = job.await;
        assert_eq!(
            (&job["status"], &job["error"]["retryable"]),
            (&json!("landing"), &json!(true)),
            "{job:#}"
        );
        job
    }

    /// Checks that a job is stored, that its archive was written once, and that no upload is open.
    async fn assert_stored_once(&self, id: &str) {
        let job = self.wait_for_status(id, "stored").await;
        let key = job["archive"]["key"].as_str().expect("a key");
        assert_eq!(self.cloud.object_writes(BUCKET, key), 1);
        assert_eq!(job["archive"]["bytes"], self.read_object(key).await.len());
        assert_eq!(job["error"], Value::Null);
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
    }
}

async fn assert_stored_after_s3_outage(outage: Outage) {
    let world = World::start().await;
    world.cloud.faults().s3(outage);
    let id = world.submit_export(2).await;
    world.wait_for_landing_error(&id, "StorageUnavailable").await;
    world.cloud.faults().s3(Outage::None);
    world.assert_stored_once(&id).await;
}

#[tokio::test]
async fn the_archive_lands_after_s3_refused_requests() {
    assert_stored_after_s3_outage(Outage::Refuse503).await;
}

#[tokio::test]
async fn the_archive_lands_after_s3_did_not_answer() {
    assert_stored_after_s3_outage(Outage::DropConnections).await;
}

#[tokio::test]
async fn the_archive_lands_after_s3_refused_parts() {
    let world = World::start().await;
    world.hide_archive_length();
    world.cloud.faults().next(Service::S3, "UploadPart", Outage::Refuse503, 3);
    let id = world.submit_export(2).await;
    world.wait_for_landing_error(&id, "StorageUnavailable").await;
    world.assert_stored_once(&id).await;
}

#[tokio::test]
async fn an_upload_whose_abort_failed_is_cleaned_up_later() {
    let world = World::start().await;
    world.hide_archive_length();
    world.cloud.faults().next(Service::S3, "UploadPart", Outage::Refuse503, 3);
    world.cloud.faults().next(Service::S3, "AbortMultipartUpload", Outage::Refuse503, 3);
    let id = world.submit_export(2).await;
    world.wait_for_landing_error(&id, "StorageUnavailable").await;
    world.assert_stored_once(&id).await;
}

/// The table is unavailable when the worker receives a delivery.
async fn assert_stored_after_dynamodb_outage(outage: Outage) {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(2).await;
    world.cloud.faults().dynamodb(outage);
    let before = world.cloud.requests().of_service(Service::DynamoDb);
    world.redeliver(&url, 1);
    until("the table is called", || async {
        (world.cloud.requests().of_service(Service::DynamoDb) >= before + 3).then_some(())
    })
    .await;
    world.cloud.faults().dynamodb(Outage::None);
    world.assert_stored_once(&id).await;
}

#[tokio::test]
async fn the_export_lands_after_dynamodb_refused_requests() {
    assert_stored_after_dynamodb_outage(Outage::Refuse503).await;
}

#[tokio::test]
async fn the_export_lands_after_dynamodb_did_not_answer() {
    assert_stored_after_dynamodb_outage(Outage::DropConnections).await;
}

#[tokio::test]
async fn the_job_is_stored_after_a_dynamodb_outage_during_the_transfer() {
    let world = World::start().await;
    world.inject_fault(slow_download());
    let id = world.submit_export(3).await;
    world.wait_for_aws_call(Service::S3, "PutObject", 1).await;
    world.cloud.faults().dynamodb(Outage::Refuse503);
    until("the archive is in the bucket", || async { (!world.object_keys().await.is_empty()).then_some(()) })
        .await;
    world.cloud.faults().dynamodb(Outage::None);
    world.assert_stored_once(&id).await;
}

#[tokio::test]
async fn an_sqs_outage_during_the_transfer_does_not_stop_it() {
    // Long enough to keep the lease during the failing calls to the queue.
    let world = World::start_with(|options| options.variable("LEASE_SECONDS", "15")).await;
    world.inject_fault(slow_download());
    let id = world.submit_export(3).await;
    world.wait_for_aws_call(Service::S3, "PutObject", 1).await;
    world.cloud.faults().sqs(Outage::DropConnections);
    world.assert_stored_once(&id).await;
}
