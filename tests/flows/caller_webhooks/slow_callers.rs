//! Unresponsive callers neither delay the landing of jobs nor the webhooks of other callers.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use harness::{CALLER_WEBHOOKS_QUEUE, until};
use serde_json::json;
use uuid::Uuid;

use super::{
    caller_server::{Caller, Reply::Never},
    start_with_caller,
};
use crate::world::World;

/// More messages than the worker has concurrent invocations for.
const UNRESPONSIVE_WEBHOOKS: usize = 25;
/// With two concurrent batches of ten and a timeout of 15 s, this number would take 30 s.
const QUEUED_WEBHOOKS: usize = 40;

impl World {
    /// Queues webhooks, one for each URL and in this order.
    async fn enqueue_webhooks(&self, urls: &[String]) {
        let queue = self.aws.sqs.get_queue_url().queue_name(CALLER_WEBHOOKS_QUEUE).send().await;
        let queue = queue.expect("a queue");
        for urls in urls.chunks(10) {
            let entries = urls.iter().enumerate().map(|(index, url)| {
                let job_id = Uuid::now_v7();
                let webhook =
                    json!({ "job_id": job_id, "url": url, "id": format!("{job_id}:1"), "body": "{}" });
                let entry = SendMessageBatchRequestEntry::builder().id(index.to_string());
                entry.message_body(webhook.to_string()).build().expect("an entry")
            });
            let send = self.aws.sqs.send_message_batch().set_queue_url(queue.queue_url().map(str::to_owned));
            send.set_entries(Some(entries.collect())).send().await.expect("sent");
        }
    }
}

/// A world with a caller that answers, and one that never does.
async fn start_with_unresponsive_caller() -> (World, Caller, Caller) {
    let unresponsive = Caller::start().await;
    unresponsive.respond_with([Never; 10 * QUEUED_WEBHOOKS]);
    let origin = unresponsive.origin.clone();
    let (world, caller) = start_with_caller(|mut options| {
        options.caller_origins.push(origin);
        options.worker_concurrency = 2;
        options
    })
    .await;
    // The webhooks are queued without a job that would create the secret.
    world.complete_secret().await;
    (world, caller, unresponsive)
}

#[tokio::test]
async fn unresponsive_callers_do_not_delay_jobs() {
    let (world, _caller, unresponsive) = start_with_unresponsive_caller().await;
    world.enqueue_webhooks(&vec![unresponsive.url(); UNRESPONSIVE_WEBHOOKS]).await;
    unresponsive.wait_for_webhooks(10).await;
    let id = world.submit_export(2).await;
    world.wait_for_status(&id, "stored").await;
    // During an attempt the message is hidden for the visibility timeout of the queue.
    let hidden = world.cloud.remaining_invisibility(CALLER_WEBHOOKS_QUEUE);
    assert!(hidden.iter().any(|hidden| (900..=960).contains(&hidden.as_secs())), "{hidden:?}");
}

#[tokio::test]
async fn a_caller_behind_many_unresponsive_ones_is_notified_within_one_batch() {
    let (world, caller, unresponsive) = start_with_unresponsive_caller().await;
    let mut urls = vec![unresponsive.url(); QUEUED_WEBHOOKS];
    urls.push(caller.url());
    let began = Instant::now();
    world.enqueue_webhooks(&urls).await;
    caller.wait_for_webhooks(1).await;
    let waited = began.elapsed();
    assert!(waited < Duration::from_secs(25), "{waited:?}");
}

#[tokio::test]
async fn an_unresponsive_caller_gets_a_shorter_timeout_for_a_while() {
    let (world, _caller, unresponsive) = start_with_unresponsive_caller().await;
    world.enqueue_webhooks(&[unresponsive.url()]).await;
    world.wait_for_hidden_message().await;
    let began = Instant::now();
    world.enqueue_webhooks(&[unresponsive.url()]).await;
    until("both messages wait for a retry", || async {
        let hidden = world.cloud.remaining_invisibility(CALLER_WEBHOOKS_QUEUE);
        (hidden.len() == 2 && hidden.iter().all(|hidden| hidden.as_secs() < 900)).then_some(())
    })
    .await;
    let waited = began.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
}
