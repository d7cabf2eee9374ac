//! A message that a function has received from a queue.

use model::Error;

use crate::sqs_queue::SqsQueue;

/// One receive of a message, whichever queue it came from.
#[derive(Debug, Clone)]
pub struct ReceivedMessage {
    queue: SqsQueue,
    receipt_handle: String,
}

impl ReceivedMessage {
    pub(crate) fn new(queue: &SqsQueue, receipt_handle: impl Into<String>) -> Self {
        Self { queue: queue.clone(), receipt_handle: receipt_handle.into() }
    }

    /// Hides the message for `seconds` from now. A short time makes SQS deliver it again sooner than the queue's
    /// visibility timeout; a long one keeps it hidden while it is processed.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn change_visibility(&self, seconds: u32) -> Result<(), Error> {
        self.queue.change_visibility(&self.receipt_handle, seconds).await
    }
}
