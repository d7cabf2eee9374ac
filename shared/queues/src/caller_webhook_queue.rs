//! The queue of what callers are to be told by their own webhooks.

use model::{Error, ErrorClass, JobId};
use serde::{Deserialize, Serialize};

use crate::delivery_queue::Queue;

/// A message to a caller. The body is what was signed the first time, and stays: who gets it twice gets the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerWebhook {
    /// The job that it is about.
    pub job_id: JobId,
    /// The caller's URL. Whoever has it can talk to the caller.
    pub url: String,
    /// The message's own id, the same however often it is sent.
    pub id: String,
    /// The body.
    pub body: String,
}

impl std::fmt::Debug for CallerWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallerWebhook").field("id", &self.id).finish_non_exhaustive()
    }
}

impl CallerWebhook {
    /// Reads a message of the queue.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`]: the message is none of ours.
    pub fn read(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map_err(|e| Error::new(ErrorClass::Internal, "a queued message cannot be read").with_source(e))
    }
}

/// The queue of callers' webhooks.
#[derive(Debug, Clone)]
pub struct CallerWebhookQueue(Queue);

impl CallerWebhookQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(Queue::new(aws, queue_url))
    }

    /// Whether this is the queue's name.
    pub fn is_named(&self, name: &str) -> bool {
        self.0.is_named(name)
    }

    /// Puts a message on the queue.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, webhook: &CallerWebhook) -> Result<(), Error> {
        self.0.send(webhook, 0).await
    }

    /// Hides a received message for `seconds` from now on, at most 12 hours since it was received.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn hide(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        self.0.hide(receipt_handle, seconds).await
    }
}
