//! The work is done and its response is lost: no work is repeated, and the job is stored.

use harness::{
    cloud::{Outage, Service},
    until,
};

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

/// Loses the response to one write of the table from the delivery on: its record, the files that are ready, the lease, the
/// outcome.
async fn assert_stored_after_lost_write(number: u32) {
    let world = World::start_with(|options| options.variable("LEASE_SECONDS", "60")).await;
    let (id, url) = world.submit_export_without_callback(2).await;
    world.cloud.requests().reset();
    world.cloud.faults().one_after(number, Service::DynamoDb, "PutItem", Outage::LoseAnswers);
    world.redeliver(&url, 1);
    world.assert_stored_once(&id).await;
    let writes = || world.cloud.requests().count(Service::DynamoDb, "PutItem");
    // The four writes, and the SDK's retry of the one without a response, which may follow after the job is stored.
    until("the SDK has retried", || async { (writes() > 4).then_some(()) }).await;
    world.wait_for_empty_queue().await;
    assert_eq!(writes(), 4 + 1);
}

#[tokio::test]
async fn a_lost_response_to_the_record_of_a_delivery_repeats_no_work() {
    assert_stored_after_lost_write(0).await;
}

#[tokio::test]
async fn a_lost_response_to_the_job_update_repeats_no_work() {
    assert_stored_after_lost_write(1).await;
}

#[tokio::test]
async fn a_lost_response_to_the_lease_write_repeats_no_work() {
    assert_stored_after_lost_write(2).await;
}

#[tokio::test]
async fn a_lost_response_to_the_outcome_of_a_landing_repeats_no_work() {
    assert_stored_after_lost_write(3).await;
}
