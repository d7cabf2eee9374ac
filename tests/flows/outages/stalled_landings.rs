//! Landings that nobody attempts any more, since their message is gone or a dead letter.

use harness::{StackOptions, cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use super::slow;
use crate::{observability::Log, world::World};

/// Later than any landing that still goes on is attempted again.
const LATER: u64 = 3 * 3600;

impl World {
    /// A job whose landing was cut off in the middle, and whose message is lost.
    async fn cut_off(&mut self) -> String {
        self.trouble(slow());
        let id = self.submitted(3).await;
        until("the transfer is under way", || async {
            (self.cloud.requests().count(Service::S3, "PutObject") > 0).then_some(())
        })
        .await;
        self.stack.pause_worker();
        self.lose_landing().await;
        let job = self.job(&id).await;
        assert_eq!((&job["status"], &job["error"]), (&json!("landing"), &Value::Null), "{job:#}");
        id
    }

    async fn lose_landing(&self) {
        self.aws.sqs.purge_queue().queue_url(&self.queue_url).send().await.expect("purged");
    }
}

fn quick(options: StackOptions) -> StackOptions {
    options.variable("LEASE_SECONDS", "1").variable("RETRY_BASE_SECONDS", "0")
}

#[tokio::test]
async fn a_landing_whose_message_is_lost_is_queued_again_and_lands() {
    let log = Log::start();
    let mut world = World::start_with(quick).await;
    let id = world.cut_off().await;
    world.sweep(60).await;
    assert_eq!(world.job(&id).await["error"], Value::Null, "an attempt may still come");
    assert_eq!(log.counted("StalledLandings"), Vec::<f64>::new());

    world.sweep(LATER).await;
    let job = world.job(&id).await;
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("LandingStalled"), &json!(true)));
    assert_eq!(log.counted("StalledLandings"), [1.0]);
    world.stack.resume_worker();
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["error"], Value::Null);
}

#[tokio::test]
async fn a_landing_that_stalls_again_and_again_says_that_it_needs_a_redrive_and_a_retry_lands_it() {
    let log = Log::start();
    let mut world = World::start_with(quick).await;
    let id = world.cut_off().await;
    for queued in 1..=3 {
        world.sweep(LATER).await;
        let queued_again = world.cloud.queue_depth(harness::QUEUE).map(|depth| depth.visible);
        assert_eq!(queued_again, Some(1), "{queued}");
        world.lose_landing().await;
    }
    for _ in 0..2 {
        world.sweep(LATER).await;
        assert_eq!(world.cloud.queue_depth(harness::QUEUE).map(|depth| depth.visible), Some(0));
    }
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("landing"), &json!("LandingStalled")));
    assert_eq!(job["error"]["retryable"], false);
    let message = job["error"]["message"].as_str().expect("a message");
    assert!(message.contains("redrive the dead-letter queue") && message.contains("retry"), "{message}");
    assert_eq!(log.counted("StalledLandings").len(), 4);

    world.stack.resume_worker();
    let retried = world.ask(Method::POST, &format!("/jobs/{id}/retry"), &[], &json!({})).await;
    assert_eq!(retried.status(), 202, "{}", retried.body());
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["error"], Value::Null);
}
