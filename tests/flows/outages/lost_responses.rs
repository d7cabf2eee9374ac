//! The work is done and its response is lost: no work is repeated, and the job is stored.

use harness::cloud::{Outage, Service};

use crate::world::World;

/// Lands an export in one request or in parts, and loses the first response to this operation.
async fn assert_stored_after_lost_response(service: Service, operation: &str, is_multipart: bool) {
    let world = World::start().await;
    if is_multipart {
        world.hide_archive_length();
    }
    let (id, url) = world.submit_export_without_callback(2).await;
    world.cloud.faults().next(service, operation, Outage::LoseAnswers, 1);
    world.redeliver(&url, 1);
    world.assert_stored_once(&id).await;
}

#[tokio::test]
async fn a_lost_response_to_complete_multipart_upload_repeats_no_work() {
    assert_stored_after_lost_response(Service::S3, "CompleteMultipartUpload", true).await;
}

#[tokio::test]
async fn a_lost_response_to_upload_part_repeats_no_work() {
    assert_stored_after_lost_response(Service::S3, "UploadPart", true).await;
}

#[tokio::test]
async fn a_lost_response_to_put_object_repeats_no_work() {
    assert_stored_after_lost_response(Service::S3, "PutObject", false).await;
}

#[tokio::test]
async fn a_lost_response_to_the_lease_update_repeats_no_work() {
    assert_stored_after_lost_response(Service::DynamoDb, "UpdateItem", false).await;
}

#[tokio::test]
async fn a_lost_response_to_the_job_update_repeats_no_work() {
    assert_stored_after_lost_response(Service::DynamoDb, "PutItem", false).await;
}
