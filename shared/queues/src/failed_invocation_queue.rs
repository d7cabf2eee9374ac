//! The queue of failed invocations: the records of asynchronous invocations of `submit` that failed at all attempts. Lambda
//! sends them. Only an operator's command receives them.

use model::Error;

use crate::sqs_queue::SqsQueue;

/// The most messages of one receive in SQS.
const MAX_BATCH: u8 = 10;

/// A record of a failed invocation that was received and not deleted.
#[derive(Debug)]
pub struct QueuedInvocation {
    /// The id of the message, which stays the same when it is received again.
    pub message_id: String,
    /// The record as Lambda sent it.
    pub body: String,
    /// Changes with each receive.
    receipt_handle: String,
}

/// The queue of failed invocations.
#[derive(Debug, Clone)]
pub struct FailedInvocationQueue(SqsQueue);

impl FailedInvocationQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(SqsQueue::new(aws, queue_url))
    }

    /// Receives up to ten messages and hides them for `seconds`.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn receive_batch(&self, seconds: u32) -> Result<Vec<QueuedInvocation>, Error> {
        self.receive(MAX_BATCH, seconds).await
    }

    /// Receives one message, if there is one, and hides it for `seconds`.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn receive_one(&self, seconds: u32) -> Result<Option<QueuedInvocation>, Error> {
        self.receive(1, seconds).await.map(|mut messages| messages.pop())
    }

    async fn receive(&self, limit: u8, seconds: u32) -> Result<Vec<QueuedInvocation>, Error> {
        let received = self.0.receive_messages(limit, seconds).await?.into_iter();
        let queued = received.map(|message| QueuedInvocation {
            message_id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receipt_handle: message.receipt_handle.unwrap_or_default(),
        });
        Ok(queued.collect())
    }

    /// Makes a received message visible again.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn release(&self, message: &QueuedInvocation) -> Result<(), Error> {
        self.0.change_visibility(&message.receipt_handle, 0).await
    }

    /// Deletes a received message.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn delete(&self, message: &QueuedInvocation) -> Result<(), Error> {
        self.0.delete_message(&message.receipt_handle).await
    }
}
