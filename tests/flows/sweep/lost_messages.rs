//! The queue lost a message or never accepted it: the sweep sends it again.

use harness::cloud::{Outage, Service};
use serde_json::json;

use super::{A_MINUTE, sweep_counts};
use crate::world::World;

/// How often the AWS client attempts a call.
const ATTEMPTS: u32 = 3;

#[tokio::test]
async fn ready_files_whose_message_was_lost_are_landed() {
    let world = World::start().await;
    let (id, _) = world.submit_generation_without_callback(&world.three_format_request()).await;
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::Refuse503, ATTEMPTS);
    let swept = world.sweep(A_MINUTE).await;
    assert_eq!(swept["incomplete"], true, "{swept}");
    assert_eq!(world.job(&id).await["status"], "received");

    // A job whose check failed is postponed.
    assert_eq!(sweep_counts(&world.sweep(10 * A_MINUTE).await), (1, 0));
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["files_total"], world.polls().len()), (&json!(3), 1));
}

#[tokio::test]
async fn a_waiting_job_whose_message_was_lost_is_submitted() {
    let mut world = crate::rate_limit::rate_limited_world(0.5, |options| {
        options.variable("MAX_SUBMIT_WAIT_SECONDS", "0")
    })
    .await;
    let id = world.submit_waiting_job(&[]).await;
    world.purge_submissions_queue().await;
    world.stack.resume_submissions();
    // The job before it is active, too.
    assert_eq!(sweep_counts(&world.sweep(A_MINUTE).await), (2, 0));
    world.wait_for_status(&id, "submitted").await;
    assert_eq!(world.accepted_exports(), 2);
}

#[tokio::test]
async fn a_message_that_is_sent_twice_submits_once() {
    let mut world = crate::rate_limit::rate_limited_world(0.5, |options| {
        options.variable("MAX_SUBMIT_WAIT_SECONDS", "0")
    })
    .await;
    let id = world.submit_waiting_job(&[]).await;
    for _ in 0..3 {
        world.sweep(1000).await;
    }
    assert!(world.queued_submissions().await > 1);
    world.stack.resume_submissions();
    world.wait_for_status(&id, "submitted").await;
    harness::until("the queue is empty", || async { (world.queued_submissions().await == 0).then_some(()) })
        .await;
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (2, 2));
}
