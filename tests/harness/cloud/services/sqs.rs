//! SQS: queues in memory, each change of one written to a file of its own, so that a restart loses
//! no message.

mod attributes;
mod batch;
mod change;
mod deduplication;
mod digest;
mod fault;
mod journal;
mod message;
mod messages;
mod order;
mod queue;
mod receive;
mod redrive;
mod store;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::super::ACCOUNT_ID;
use super::error::ServiceError;

pub(in super::super) use self::digest::of_body as md5_of_body;
pub(in super::super) use self::message::Message;
use self::stored::StoredQueue;

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Waiting to be received.
    pub visible: usize,
    /// Received and neither deleted nor visible again.
    pub in_flight: usize,
    /// Sent with a delay that is not over.
    pub delayed: usize,
}

/// All queues.
#[derive(Debug)]
pub(in super::super) struct Queues {
    folder: PathBuf,
    region: String,
    endpoint: String,
    queues: Mutex<BTreeMap<String, StoredQueue>>,
}

impl Queues {
    pub(super) fn open(folder: PathBuf, region: &str, endpoint: &str) -> io::Result<Arc<Self>> {
        std::fs::create_dir_all(&folder)?;
        let mut queues = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == stored::EXTENSION)
                && let Some(queue) = StoredQueue::load(path)?
            {
                queues.insert(queue.settings.name.clone(), queue);
            }
        }
        let (region, endpoint) = (region.to_owned(), endpoint.to_owned());
        Ok(Arc::new(Self { folder, region, endpoint, queues: Mutex::new(queues) }))
    }

    /// Answers one operation.
    pub(super) async fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        match operation {
            "CreateQueue" => self.create_queue(&input),
            "DeleteQueue" => self.delete_queue(&input),
            "GetQueueUrl" => self.get_queue_url(&input),
            "ListQueues" => Ok(self.list_queues(&input)),
            "GetQueueAttributes" => self.get_queue_attributes(&input),
            "SetQueueAttributes" => self.set_queue_attributes(&input),
            "PurgeQueue" => self.purge_queue(&input),
            "SendMessage" => self.send_message(&input),
            "SendMessageBatch" => self.batch(&input, |entry| self.send_message(entry)),
            "ReceiveMessage" => self.receive_message(&input).await,
            "DeleteMessage" => self.delete_message(&input),
            "DeleteMessageBatch" => self.batch(&input, |entry| self.delete_message(entry)),
            "ChangeMessageVisibility" => self.change_visibility(&input),
            "ChangeMessageVisibilityBatch" => self.batch(&input, |entry| self.change_visibility(entry)),
            "StartMessageMoveTask" => self.start_message_move_task(&input),
            _ => Err(ServiceError::unknown_operation(operation)),
        }
    }

    pub(super) fn depth(&self, queue: &str) -> Option<QueueDepth> {
        self.lock().get_mut(queue).map(|queue| queue.as_of(now_millis()).depth())
    }

    /// How long each message that was received is still hidden.
    pub(in super::super) fn hidden_for(&self, queue: &str) -> Vec<Duration> {
        let now = now_millis();
        self.lock().get_mut(queue).map(|queue| queue.as_of(now).hidden_for(now)).unwrap_or_default()
    }

    /// Lets messages be visible as much earlier, as if so much time had passed.
    pub(in super::super) fn pass_time(&self, queue: &str, by: Duration) {
        if let Some(queue) = self.lock().get_mut(queue) {
            queue.pass_time(by);
        }
    }

    /// The ARN of a queue of that name.
    pub(in super::super) fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{ACCOUNT_ID}:{queue}", self.region)
    }

    /// The region of all queues.
    pub(in super::super) fn region(&self) -> &str {
        &self.region
    }

    fn url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT_ID}/{queue}", self.endpoint)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, StoredQueue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<'a>(
    queues: &'a mut BTreeMap<String, StoredQueue>,
    name: &str,
) -> Result<&'a mut StoredQueue, ServiceError> {
    queues.get_mut(name).ok_or_else(fault::no_such_queue)
}

/// The queue that an input means by its URL.
fn named_by_url(input: &Value) -> Result<String, ServiceError> {
    let url = input["QueueUrl"].as_str().ok_or_else(|| ServiceError::missing("QueueUrl"))?;
    Ok(url.rsplit('/').next().unwrap_or_default().to_owned())
}

/// Milliseconds since 1970.
fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The answer of operations that have nothing to say.
fn nothing() -> Value {
    json!({})
}
