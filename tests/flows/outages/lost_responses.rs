//! The work is done and its answer is lost: nothing is done twice, and nothing is given up.

use harness::cloud::{Outage, Service};

use crate::world::World;

/// Lands an export in one request or in parts, and loses the first answer to this operation on the way.
async fn answer_is_lost(service: Service, operation: &str, in_parts: bool) {
    let world = World::start().await;
    if in_parts {
        world.hide_lengths();
    }
    let (id, url) = world.submitted_in_silence(2).await;
    world.cloud.faults().next(service, operation, Outage::LoseAnswers, 1);
    world.redeliver(&url, 1);
    world.ends_well(&id).await;
}

#[tokio::test]
async fn of_a_completed_upload() {
    answer_is_lost(Service::S3, "CompleteMultipartUpload", true).await;
}

#[tokio::test]
async fn of_a_part() {
    answer_is_lost(Service::S3, "UploadPart", true).await;
}

#[tokio::test]
async fn of_a_single_upload() {
    answer_is_lost(Service::S3, "PutObject", false).await;
}

#[tokio::test]
async fn of_a_taken_lease() {
    answer_is_lost(Service::DynamoDb, "UpdateItem", false).await;
}

#[tokio::test]
async fn of_a_change_of_the_job() {
    answer_is_lost(Service::DynamoDb, "PutItem", false).await;
}
