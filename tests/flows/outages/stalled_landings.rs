//! Stalled landings: their message is lost or a dead letter, so no attempt follows.

use harness::{StackOptions, cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use super::slow_download;
use crate::{log_capture::CapturedLog, world::World};

/// Longer than the delay before any further attempt of a landing.
const BEYOND_LANDING_RETRIES: u64 = 3 * 3600;

impl World {
    /// Submits a job whose landing is interrupted and whose message is lost. Returns its id.
    async fn interrupt_landing(&mut self) -> String {
        self.inject_fault(slow_download());
        let id = self.submit_export(3).await;
        until("the transfer is under way", || async {
            (self.cloud.requests().count(Service::S3, "PutObject") > 0).then_some(())
        })
        .await;
        self.stack.pause_worker();
        self.purge_delivery_queue().await;
        let job = self.job(&id).await;
        assert_eq!((&job["status"], &job["error"]), (&json!("landing"), &Value::Null), "{job:#}");
        id
    }

    async fn purge_delivery_queue(&self) {
        self.aws.sqs.purge_queue().queue_url(&self.delivery_queue_url).send().await.expect("purged");
    }
}

fn with_short_lease(options: StackOptions) -> StackOptions {
    options.variable("LEASE_SECONDS", "1").variable("RETRY_BASE_SECONDS", "0")
}

#[tokio::test]
async fn a_landing_whose_message_was_lost_is_queued_again_and_lands() {
    let log = CapturedLog::start();
    let mut world = World::start_with(with_short_lease).await;
    let id = world.interrupt_landing().await;
    world.sweep(60).await;
    assert_eq!(world.job(&id).await["error"], Value::Null, "an attempt may still follow");
    assert_eq!(log.metric_values("StalledLandings"), Vec::<f64>::new());

    world.sweep(BEYOND_LANDING_RETRIES).await;
    let job = world.job(&id).await;
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("LandingStalled"), &json!(true)));
    assert_eq!(log.metric_values("StalledLandings"), [1.0]);
    world.stack.resume_worker();
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["error"], Value::Null);
}

#[tokio::test]
async fn a_landing_that_stalls_repeatedly_asks_for_a_redrive_and_a_retry_lands_it() {
    let log = CapturedLog::start();
    let mut world = World::start_with(with_short_lease).await;
    let id = world.interrupt_landing().await;
    for queued in 1..=3 {
        world.sweep(BEYOND_LANDING_RETRIES).await;
        let queued_again = world.cloud.queue_depth(harness::DELIVERY_QUEUE).map(|depth| depth.visible);
        assert_eq!(queued_again, Some(1), "{queued}");
        world.purge_delivery_queue().await;
    }
    for _ in 0..2 {
        world.sweep(BEYOND_LANDING_RETRIES).await;
        assert_eq!(world.cloud.queue_depth(harness::DELIVERY_QUEUE).map(|depth| depth.visible), Some(0));
    }
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("landing"), &json!("LandingStalled")));
    assert_eq!(job["error"]["retryable"], false);
    let message = job["error"]["message"].as_str().expect("a message");
    assert!(message.contains("redrive the dead-letter queue") && message.contains("retry"), "{message}");
    assert_eq!(log.metric_values("StalledLandings").len(), 4);

    world.stack.resume_worker();
    let retried = world.call_api(Method::POST, &format!("/jobs/{id}/retry"), &[], &json!({})).await;
    assert_eq!(retried.status(), 202, "{}", retried.body());
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["error"], Value::Null);
}
