//! The queue of failed invocations: the records of asynchronous invocations of `submit` that failed at all attempts. Lambda
//! sends them. Only an operator's command receives them.

use model::Error;

use crate::sqs_queue::{ReceivedMessage, SqsQueue};

/// The most messages of one receive in SQS.
const MAX_BATCH: u8 = 10;

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
    pub async fn receive_batch(&self, seconds: u32) -> Result<Vec<ReceivedMessage>, Error> {
        self.0.receive_messages(MAX_BATCH, seconds).await
    }

    /// Receives one message, if there is one, and hides it for `seconds`.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn receive_one(&self, seconds: u32) -> Result<Option<ReceivedMessage>, Error> {
        self.0.receive_messages(1, seconds).await.map(|mut messages| messages.pop())
    }

    /// Makes a received message visible again.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn release(&self, message: &ReceivedMessage) -> Result<(), Error> {
        self.0.change_visibility(&message.receipt_handle, 0).await
    }

    /// Deletes a received message.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn delete(&self, message: &ReceivedMessage) -> Result<(), Error> {
        self.0.delete_message(&message.receipt_handle).await
    }
}
