//! Plays Lambda's SQS event source mapping: receives batches, calls the function, and deletes
//! what it does not report as failed. Failed messages come back when their visibility timeout,
//! the queue's own, is over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::handler::BoxFuture;
use super::services::{
    FunctionError, Message, Queues, ReceiveOptions, delete_message, md5_of_body, receive_messages,
};

/// The function behind the queue: a Lambda event in, a batch response out.
pub type BatchHandler = Arc<dyn Fn(Value) -> BoxFuture<Result<Value, FunctionError>> + Send + Sync>;

/// The settings of the mapping. Partial batch responses (`ReportBatchItemFailures`) are on.
#[derive(Clone, Debug)]
pub struct EventSourceOptions {
    /// Name of the queue.
    pub queue: String,
    /// `BatchSize`.
    pub batch_size: usize,
    /// `MaximumConcurrency`: how many batches are worked on at once.
    pub maximum_concurrency: usize,
}

impl EventSourceOptions {
    /// Batches of ten, two at once, which is the least that AWS allows.
    pub fn new(queue: impl Into<String>) -> Self {
        Self { queue: queue.into(), batch_size: 10, maximum_concurrency: 2 }
    }
}

/// A running mapping. Dropping it stops receiving and drops the calls that are running, as if
/// the function had been killed: their messages come back.
pub struct EventSource {
    task: JoinHandle<()>,
}

impl EventSource {
    pub(super) fn start(queues: Arc<Queues>, options: EventSourceOptions, handler: BatchHandler) -> Self {
        Self { task: tokio::spawn(poll(queues, options, handler)) }
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn poll(queues: Arc<Queues>, options: EventSourceOptions, handler: BatchHandler) {
    let slots = Arc::new(Semaphore::new(options.maximum_concurrency.max(1)));
    // Owned by this task: aborting it aborts the running calls.
    let mut calls = JoinSet::new();
    loop {
        // A slot comes first, or received messages would wait and time out.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        while calls.try_join_next().is_some() {}
        let receive_options = ReceiveOptions {
            max_messages: options.batch_size.max(1),
            wait_time: Some(Duration::from_secs(20)),
            visibility_timeout: None,
        };
        match receive_messages(&queues, &options.queue, receive_options).await {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => {
                let (queues, queue) = (Arc::clone(&queues), options.queue.clone());
                let answer = handler(event(&queues, &queue, &messages));
                calls.spawn(async move {
                    settle(&queues, &queue, &messages, answer.await);
                    drop(slot);
                });
            }
            // The queue is not there yet.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Deletes the messages that were worked on successfully.
fn settle(queues: &Queues, queue: &str, messages: &[Message], answer: Result<Value, FunctionError>) {
    let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    let Some(failed) = answer.ok().and_then(|answer| failures(&answer, &ids)) else {
        return;
    };
    for message in messages {
        if let Some(receipt) = message.receipt().filter(|_| !failed.contains(&message.id)) {
            // The queue may be gone by now, and the message with it.
            let _ = delete_message(queues, queue, receipt);
        }
    }
}

/// The failed message ids of a batch response, or nothing when AWS would take all as failed.
fn failures(answer: &Value, batch: &[&str]) -> Option<BTreeSet<String>> {
    let items = match answer.get("batchItemFailures") {
        // Null, an empty response, an absent or a null list: everything succeeded.
        None | Some(Value::Null) => return Some(BTreeSet::new()),
        Some(items) => items.as_array()?,
    };
    items
        .iter()
        .map(|item| {
            let id = item.get("itemIdentifier")?.as_str()?;
            batch.contains(&id).then(|| id.to_owned())
        })
        .collect()
}

/// The event as Lambda gets it.
fn event(queues: &Queues, queue: &str, messages: &[Message]) -> Value {
    let records: Vec<_> = messages
        .iter()
        .map(|message| {
            json!({
                "messageId": message.id,
                "receiptHandle": message.receipt(),
                "body": message.body,
                "attributes": message.system_attributes(),
                "messageAttributes": message_attributes(&message.attributes),
                "md5OfBody": md5_of_body(&message.body),
                "eventSource": "aws:sqs",
                "eventSourceARN": queues.arn(queue),
                "awsRegion": queues.region(),
            })
        })
        .collect();
    json!({ "Records": records })
}

/// The same attributes as in the SQS API, under the names of the event.
fn message_attributes(attributes: &Map<String, Value>) -> Value {
    let renamed = attributes.iter().map(|(name, attribute)| {
        let mut event = json!({
            "dataType": attribute["DataType"], "stringListValues": [], "binaryListValues": [],
        });
        for (api_name, event_name) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
            if let Some(value) = attribute.get(api_name) {
                event[event_name] = value.clone();
            }
        }
        (name.clone(), event)
    });
    Value::Object(renamed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(answer: Value) -> Option<Vec<String>> {
        failures(&answer, &["one", "two"]).map(|ids| ids.into_iter().collect())
    }

    #[test]
    fn absent_and_empty_lists_mean_success() {
        for answer in
            [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})]
        {
            assert_eq!(failed(answer), Some(vec![]));
        }
    }

    #[test]
    fn only_the_listed_messages_failed() {
        let answer = json!({"batchItemFailures": [{"itemIdentifier": "two"}]});
        assert_eq!(failed(answer), Some(vec!["two".to_owned()]));
    }

    #[test]
    fn a_wrong_identifier_fails_the_whole_batch() {
        for wrong in [json!(""), json!(null), json!("three"), json!(7)] {
            assert_eq!(failed(json!({"batchItemFailures": [{"itemIdentifier": wrong}]})), None);
        }
        assert_eq!(failed(json!({"batchItemFailures": [{"id": "one"}]})), None);
        assert_eq!(failed(json!({"batchItemFailures": "one"})), None);
    }
}
