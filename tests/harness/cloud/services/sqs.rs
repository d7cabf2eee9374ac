//! SQS: queues in memory, each written to a file of its own after every change, so that a restart
//! loses no message.

mod attributes;
mod batch;
mod digest;
mod fault;
mod messages;
mod queue;
mod redrive;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::{ACCOUNT_ID, snapshot};
use super::error::ServiceError;

pub(in super::super) use self::digest::of_body as md5_of_body;
pub(in super::super) use self::queue::Message;
use self::queue::Queue;

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
    queues: Mutex<BTreeMap<String, Queue>>,
    /// Wakes long polls when a message may have become visible.
    changed: Notify,
}

impl Queues {
    pub(super) fn open(folder: PathBuf, region: &str, endpoint: &str) -> io::Result<Arc<Self>> {
        std::fs::create_dir_all(&folder)?;
        let mut queues = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(queue) = snapshot::load::<Queue>(&path)?
            {
                queues.insert(queue.name.clone(), queue);
            }
        }
        Ok(Arc::new(Self {
            folder,
            region: region.to_owned(),
            endpoint: endpoint.to_owned(),
            queues: Mutex::new(queues),
            changed: Notify::new(),
        }))
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
        self.lock().get(queue).map(|queue| queue.depth(now_millis()))
    }

    /// How long each message that was received is still hidden.
    pub(in super::super) fn hidden_for(&self, queue: &str) -> Vec<Duration> {
        self.lock().get(queue).map(|queue| queue.hidden_for(now_millis())).unwrap_or_default()
    }

    /// Lets messages be visible as much earlier, as if so much time had passed.
    pub(in super::super) fn pass_time(&self, queue: &str, by: Duration) {
        if let Some(queue) = self.lock().get_mut(queue) {
            queue.pass_time(by);
            self.changed.notify_waiters();
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

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a queue down and wakes who may be waiting for the change.
    fn save(&self, queue: &Queue) -> io::Result<()> {
        snapshot::save(&self.folder.join(format!("{}.json", queue.name)), queue)?;
        self.changed.notify_waiters();
        Ok(())
    }

    /// Receives as ReceiveMessage does, moving what was received too often to the dead letters.
    pub(in super::super) async fn receive(
        &self,
        queue: &str,
        limit: usize,
        wait: Option<Duration>,
        visibility: Option<Duration>,
    ) -> Result<Vec<Message>, ServiceError> {
        let wait = match wait {
            Some(wait) => wait,
            None => find(&mut self.lock(), queue)?.seconds("ReceiveMessageWaitTimeSeconds"),
        };
        let deadline = Instant::now() + wait;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening starts before looking, or a message sent between the two would be missed.
            changed.as_mut().enable();
            let (messages, next_visible) = self.receive_now(queue, limit, visibility)?;
            if !messages.is_empty() || Instant::now() >= deadline {
                return Ok(messages);
            }
            let wake = next_visible.map_or(deadline, |wait| deadline.min(Instant::now() + wait));
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    fn receive_now(
        &self,
        name: &str,
        limit: usize,
        visibility: Option<Duration>,
    ) -> Result<(Vec<Message>, Option<Duration>), ServiceError> {
        let now = now_millis();
        let mut queues = self.lock();
        let queue = find(&mut queues, name)?;
        let received = queue.receive(now, limit, visibility);
        let next_visible = queue.next_visible(now);
        if !received.messages.is_empty() || !received.dead.is_empty() {
            self.save(queue)?;
        }
        if !received.dead.is_empty() {
            self.bury(&mut queues, name, received.dead)?;
        }
        Ok((received.messages, next_visible))
    }

    /// Deletes a message if this is its latest receipt.
    pub(in super::super) fn delete(&self, queue: &str, receipt: &str) -> Result<(), ServiceError> {
        let id = queue::message_of_receipt(queue, receipt).ok_or_else(fault::invalid_receipt)?;
        let mut queues = self.lock();
        let queue = find(&mut queues, queue)?;
        queue.messages.retain(|message| message.id != id || message.receipt.as_deref() != Some(receipt));
        self.save(queue)?;
        Ok(())
    }
}

fn find<'a>(queues: &'a mut BTreeMap<String, Queue>, name: &str) -> Result<&'a mut Queue, ServiceError> {
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
