//! The work is done and its answer is lost: nothing is done twice, and nothing is given up.

use harness::cloud::{Outage, Service};

use crate::world::World;

/// Lands an export in one request or in parts, and loses the first answer to this operation on the way.
async fn assert_stored_after_lost_response(service: Service, operation: &str, in_parts: bool) {
    let world = World::start().await;
    if in_parts {
        world.hide_archive_length();
    }
    let (id, url) = world.submit_export_without_callback(2).await;
    world.cloud.faults().next(service, operation, Outage::LoseAnswers, 1);
    world.redeliver(&url, 1);
    world.assert_stored_once(&id).await;
}

#[tokio::test]
async fn of_a_completed_upload() {
    assert_stored_after_lost_response(Service::S3, "CompleteMultipartUpload", true).await;
}

#[tokio::test]
async fn of_a_part() {
    assert_stored_after_lost_response(Service::S3, "UploadPart", true).await;
}

#[tokio::test]
async fn of_a_single_upload() {
    assert_stored_after_lost_response(Service::S3, "PutObject", false).await;
}

#[tokio::test]
async fn of_a_taken_lease() {
    assert_stored_after_lost_response(Service::DynamoDb, "UpdateItem", false).await;
}

#[tokio::test]
async fn of_a_change_of_the_job() {
    assert_stored_after_lost_response(Service::DynamoDb, "PutItem", false).await;
}
