//! The delivery queue, from the receiver to the worker.

use model::Error;

use crate::{DeliveryQueueMessage, ReceivedMessage, sqs_queue::SqsQueue};

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

    /// A message of this queue that was received with this receipt handle.
    pub fn received(&self, receipt_handle: impl Into<String>) -> ReceivedMessage {
        ReceivedMessage::new(&self.0, receipt_handle)
    }
}
