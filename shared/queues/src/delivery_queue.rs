//! The delivery queue, from the receiver to the worker.

use model::Error;

use crate::{DeliveryQueueMessage, sqs_queue::SqsQueue};

/// The delivery queue.
#[derive(Debug, Clone)]
pub struct DeliveryQueue(SqsQueue);

impl DeliveryQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(SqsQueue::new(aws, queue_url))
    }

    /// Sends a message, visible after `delay` seconds (at most 900).
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, message: &DeliveryQueueMessage, delay: u32) -> Result<(), Error> {
        self.0.send_message(message, delay).await
    }

    /// Hides a received message for `seconds` from now. A short time makes SQS deliver it again sooner than the queue's
    /// visibility timeout; a long one keeps it hidden while it is processed.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn change_visibility(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        self.0.change_visibility(receipt_handle, seconds).await
    }
}
