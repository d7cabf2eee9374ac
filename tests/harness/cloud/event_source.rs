//! Implements Lambda's SQS event source mapping: receives batches, invokes the function and deletes the messages that it
//! does not report as failed. Failed messages become visible again after the visibility timeout of the queue.

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

/// The settings of the mapping. Partial batch responses (`ReportBatchItemFailures`) are enabled.
#[derive(Clone, Debug)]
pub struct EventSourceOptions {
    /// Name of the queue.
    pub queue: String,
    /// `BatchSize`.
    pub batch_size: usize,
    /// `MaximumConcurrency`: how many batches are processed concurrently.
    pub maximum_concurrency: usize,
}

impl EventSourceOptions {
    /// Returns the defaults: batches of ten, and a concurrency of two, the minimum of AWS.
    pub fn new(queue: impl Into<String>) -> Self {
        Self { queue: queue.into(), batch_size: 10, maximum_concurrency: 2 }
    }
}

/// A running mapping. Dropping it stops receiving and aborts the running invocations, as if the function had been killed:
/// their messages become visible again.
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
    // This task owns the invocations, so aborting it aborts them.
    let mut calls = JoinSet::new();
    loop {
        // The slot is acquired before receiving. Otherwise received messages wait and their visibility timeout expires.
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
                let invocation = handler(make_event(&queues, &queue, &messages));
                calls.spawn(async move {
                    delete_succeeded(&queues, &queue, &messages, invocation.await);
                    drop(slot);
                });
            }
            // The queue does not exist yet.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Deletes the messages that were processed successfully.
fn delete_succeeded(
    queues: &Queues,
    queue: &str,
    messages: &[Message],
    result: Result<Value, FunctionError>,
) {
    let ids: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    let Some(failed) = result.ok().and_then(|response| failed_ids(&response, &ids)) else {
        return;
    };
    for message in messages {
        if let Some(receipt) = message.receipt().filter(|_| !failed.contains(&message.id)) {
            // Fails if the queue was deleted meanwhile, and the message with it.
            let _ = delete_message(queues, queue, receipt);
        }
    }
}

/// Returns the failed message ids of a batch response, or `None` if AWS would treat all messages as failed.
fn failed_ids(response: &Value, batch: &[&str]) -> Option<BTreeSet<String>> {
    let items = match response.get("batchItemFailures") {
        // Null, an empty response, an absent or a null list: all messages succeeded.
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

/// Makes the event that Lambda sends to the function.
fn make_event(queues: &Queues, queue: &str, messages: &[Message]) -> Value {
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

/// Converts message attributes from the names of the SQS API to those of the event.
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

    fn failed(response: Value) -> Option<Vec<String>> {
        failed_ids(&response, &["one", "two"]).map(|ids| ids.into_iter().collect())
    }

    #[test]
    fn absent_and_empty_lists_mean_success() {
        for response in
            [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})]
        {
            assert_eq!(failed(response), Some(vec![]));
        }
    }

    #[test]
    fn only_the_listed_messages_failed() {
        let response = json!({"batchItemFailures": [{"itemIdentifier": "two"}]});
        assert_eq!(failed(response), Some(vec!["two".to_owned()]));
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
