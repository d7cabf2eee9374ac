//! Lasting failures, and messages that cannot be processed.

use aws_sdk_sqs::types::QueueAttributeName;
use harness::{DEAD_LETTER_QUEUE, until};
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

/// A world in which a message is received three times at most, without delay.
async fn world_with_three_receives() -> World {
    World::start_with(|mut options| {
        options.max_receive_count = 3;
        options.variable("RETRY_BASE_SECONDS", "0")
    })
    .await
}

impl World {
    /// Waits until so many messages are dead letters.
    async fn wait_for_dead_letters(&self, count: usize) {
        until("the message is a dead letter", || async {
            (self.cloud.queue_depth(DEAD_LETTER_QUEUE)?.visible == count).then_some(())
        })
        .await;
    }

    /// Redrives the dead-letter queue, as the console's "DLQ redrive" does.
    async fn redrive_dead_letters(&self) {
        let url = self.aws.sqs.get_queue_url().queue_name(DEAD_LETTER_QUEUE).send().await.expect("a queue");
        let arn = QueueAttributeName::QueueArn;
        let request = self.aws.sqs.get_queue_attributes().queue_url(url.queue_url().expect("a URL"));
        let response = request.attribute_names(arn.clone()).send().await.expect("attributes");
        let arn = response.attributes().and_then(|attributes| attributes.get(&arn)).expect("an ARN");
        self.aws.sqs.start_message_move_task().source_arn(arn).send().await.expect("a task");
    }
}

#[tokio::test]
async fn a_lasting_failure_becomes_a_dead_letter_and_a_redrive_lands_the_job() {
    let world = world_with_three_receives().await;
    world.inject_fault(json!({ "on": "archive", "kind": "unavailable", "count": null }));
    let id = world.submit_export(2).await;
    world.wait_for_dead_letters(1).await;
    let job = world.wait_for_landing_error(&id, "SourceUnavailable").await;
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.contains("503")), "{job:#}");
    assert_eq!(world.admin(Method::GET, "/exports", Value::Null)["exports"][0]["downloads"], 0);

    world.admin(Method::DELETE, "/faults", Value::Null);
    world.redrive_dead_letters().await;
    world.assert_stored_once(&id).await;
    world.wait_for_dead_letters(0).await;
}

#[tokio::test]
async fn a_foreign_message_becomes_a_dead_letter() {
    let world = world_with_three_receives().await;
    world
        .aws
        .sqs
        .send_message()
        .queue_url(&world.delivery_queue_url)
        .message_body("{}")
        .send()
        .await
        .expect("sent");
    world.wait_for_dead_letters(1).await;
    world.wait_for_empty_queue().await;
}

#[tokio::test]
async fn only_the_failed_message_of_a_batch_is_returned() {
    let mut world = World::start().await;
    world.stack.pause_worker();
    let id = world.submit_export(1).await;
    world.wait_for_attempts(&world.callback_url(&id), 1).await;
    let received =
        world.aws.sqs.receive_message().queue_url(&world.delivery_queue_url).send().await.expect("messages");
    let good = &received.messages()[0];
    let record = |id: &str, body: &str| {
        json!({
            "messageId": id,
            "receiptHandle": good.receipt_handle(),
            "body": body,
            "attributes": { "ApproximateReceiveCount": "1" },
            "eventSource": "aws:sqs",
        })
    };
    let batch = json!({ "Records": [record("bad", "{}"), record("good", good.body().expect("a body"))] });
    let response = (world.worker_function)(batch).await.expect("a response");
    assert_eq!(response, json!({ "batchItemFailures": [{ "itemIdentifier": "bad" }] }));
    world.wait_for_status(&id, "stored").await;
}
