//! The caller webhook queue: webhooks to send to callers.

use model::{Error, JobId};
use serde::{Deserialize, Serialize};

use crate::sqs_queue::{SqsQueue, parse_message};

/// A webhook to send to a caller. Its id and body are the same in every attempt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedCallerWebhook {
    /// The job.
    pub job_id: JobId,
    /// The caller's URL. It is a secret.
    pub url: String,
    /// The id of the webhook, which is the header `webhook-id`.
    pub id: String,
    /// The body.
    pub body: String,
}

impl std::fmt::Debug for QueuedCallerWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueuedCallerWebhook").field("id", &self.id).finish_non_exhaustive()
    }
}

impl QueuedCallerWebhook {
    /// Parses a message of the queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::Internal`]: Landfall did not send the message.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_message(text)
    }
}

/// The caller webhook queue.
#[derive(Debug, Clone)]
pub struct CallerWebhookQueue(SqsQueue);

impl CallerWebhookQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(SqsQueue::new(aws, queue_url))
    }

    /// Whether this is the queue's name.
    pub fn is_named(&self, name: &str) -> bool {
        self.0.is_named(name)
    }

    /// Sends a webhook to the queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, webhook: &QueuedCallerWebhook) -> Result<(), Error> {
        self.0.send_message(webhook, 0).await
    }

    /// Hides a received message for `seconds` from now, at most 12 hours after it was received.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn change_visibility(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        self.0.change_visibility(receipt_handle, seconds).await
    }
}
