//! Webhooks are retried with growing delays until the caller accepts them, answers 410, or all attempts fail.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use harness::{CALLER_WEBHOOKS_DEAD_LETTER_QUEUE, until};
use serde_json::json;
use standardwebhooks::Webhook;

use super::{
    caller_server::Reply::{Never, Status, With},
    start_with_caller,
};
use crate::world::World;

/// The delays between the attempts, in seconds. Jitter adds up to a tenth.
const RETRY_DELAYS: [u64; 8] = [5, 60, 300, 1800, 3600, 7200, 14_400, 28_800];

impl World {
    /// Checks that a message is hidden for about so many seconds, and advances the time by that.
    async fn assert_retry_delay(&self, seconds: u64) {
        let hidden = self.wait_for_hidden_message().await.as_secs_f64();
        let (least, most) = (seconds as f64 - 5.0, seconds as f64 * 1.1);
        assert!((least.max(0.0)..=most).contains(&hidden), "hidden for {hidden} s instead of {seconds}");
        self.advance_queue_time(Duration::from_secs_f64(hidden));
    }

    /// Redrives the dead-letter queue of webhooks.
    async fn redrive_webhooks(&self) {
        let name = CALLER_WEBHOOKS_DEAD_LETTER_QUEUE;
        let url = self.aws.sqs.get_queue_url().queue_name(name).send().await.expect("a queue");
        let request = self.aws.sqs.get_queue_attributes().queue_url(url.queue_url().expect("a URL"));
        let response =
            request.attribute_names(QueueAttributeName::QueueArn).send().await.expect("attributes");
        let arn = response
            .attributes()
            .and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn))
            .expect("an ARN");
        self.aws.sqs.start_message_move_task().source_arn(arn).send().await.expect("a task");
    }
}

#[tokio::test]
async fn failed_webhooks_are_retried_with_growing_delays_and_the_dead_letter_can_be_redriven() {
    let (world, caller) = start_with_caller(|options| options).await;
    caller.respond_with([500; 9].map(Status));
    world.submit_with_webhook(&caller.url()).await;
    for (tried, wait) in RETRY_DELAYS.into_iter().enumerate() {
        caller.wait_for_webhooks(tried + 1).await;
        assert_eq!(world.dead_webhook_count(), 0);
        world.assert_retry_delay(wait).await;
    }
    let webhooks = caller.wait_for_webhooks(9).await;
    until("the message is a dead letter", || async { (world.dead_webhook_count() == 1).then_some(()) }).await;
    assert!(webhooks.iter().all(|attempt| attempt.bytes == webhooks[0].bytes));
    assert!(webhooks.iter().all(|attempt| attempt.header("webhook-id") == webhooks[0].header("webhook-id")));

    world.redrive_webhooks().await;
    let last = &caller.wait_for_webhooks(10).await[9];
    assert_eq!(last.bytes, webhooks[0].bytes);
    world.wait_until_webhooks_sent().await;
    assert_eq!(world.dead_webhook_count(), 0);
}

#[tokio::test]
async fn each_attempt_is_signed_with_its_own_timestamp() {
    let (world, caller) = start_with_caller(|options| options).await;
    caller.respond_with([Status(503)]);
    world.submit_with_webhook(&caller.url()).await;
    let first = caller.wait_for_webhooks(1).await.remove(0);
    // Signed timestamps have a resolution of one second.
    until("a second has passed", || async {
        let now = time::OffsetDateTime::now_utc().unix_timestamp().to_string();
        (now != first.header("webhook-timestamp")).then_some(())
    })
    .await;
    world.assert_retry_delay(5).await;
    let second = caller.wait_for_webhooks(2).await.remove(1);
    assert_ne!(first.header("webhook-timestamp"), second.header("webhook-timestamp"));
    let secret = &world.secret().await["notify_signing_secrets"][0];
    assert!(second.is_signed_with(secret));
    let webhook = Webhook::new(secret.as_str().expect("a secret")).expect("a key");
    let mut mixed = second.headers.clone();
    mixed.insert("webhook-timestamp", first.headers["webhook-timestamp"].clone());
    assert!(webhook.verify(&second.bytes, &mixed).is_err(), "the signature covers the timestamp");
}

#[tokio::test]
async fn the_retry_after_of_a_caller_is_respected() {
    let (world, caller) = start_with_caller(|options| options).await;
    caller.respond_with([With(429, "retry-after", "600")]);
    world.submit_with_webhook(&caller.url()).await;
    world.assert_retry_delay(600).await;
    assert_eq!(caller.wait_for_webhooks(2).await.len(), 2);
    world.wait_until_webhooks_sent().await;
}

#[tokio::test]
async fn a_caller_that_answers_410_gets_no_more_attempts() {
    let (world, caller) = start_with_caller(|options| options).await;
    caller.respond_with([Status(410)]);
    let id = world.submit_with_webhook(&caller.url()).await;
    world.wait_for_status(&id, "stored").await;
    caller.wait_for_webhooks(1).await;
    world.wait_until_webhooks_sent().await;
    assert_eq!((caller.received_webhooks().len(), world.dead_webhook_count()), (1, 0));
}

#[tokio::test]
async fn an_unresponsive_caller_times_out_after_fifteen_seconds() {
    let (world, caller) = start_with_caller(|options| options).await;
    caller.respond_with([Never]);
    world.submit_with_webhook(&caller.url()).await;
    caller.wait_for_webhooks(1).await;
    world.assert_retry_delay(5).await;
    assert_eq!(caller.wait_for_webhooks(2).await.len(), 2);
}

#[tokio::test]
async fn a_foreign_message_becomes_a_dead_letter() {
    let (world, _caller) = start_with_caller(|options| options).await;
    let url = world.aws.sqs.get_queue_url().queue_name(harness::CALLER_WEBHOOKS_QUEUE);
    let url = url.send().await.expect("a queue");
    let send = world.aws.sqs.send_message().queue_url(url.queue_url().expect("a URL"));
    send.message_body(json!({}).to_string()).send().await.expect("sent");
    for wait in RETRY_DELAYS {
        world.assert_retry_delay(wait).await;
    }
    until("the message is a dead letter", || async { (world.dead_webhook_count() == 1).then_some(()) }).await;
}
