//! The queue of long landings: landings that take longer than the workers of the delivery queue wait for one.

use model::{Error, JobId};
use serde::{Deserialize, Serialize};

use crate::{
    ReceivedMessage,
    sqs_queue::{SqsQueue, parse_message},
};

/// A landing to continue. Only the job's item says what is left to do, so a repeated or outdated message has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedLanding {
    /// The job.
    pub job_id: JobId,
}

impl QueuedLanding {
    /// Parses a message of the queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::Internal`]: Landfall did not send the message.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_message(text)
    }
}

/// The queue of long landings.
#[derive(Debug, Clone)]
pub struct LongLandingQueue(SqsQueue);

impl LongLandingQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(SqsQueue::new(aws, queue_url))
    }

    /// Whether this is the queue's name.
    pub fn is_named(&self, name: &str) -> bool {
        self.0.is_named(name)
    }

    /// Sends a landing to the queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, job_id: JobId) -> Result<(), Error> {
        self.0.send_message(&QueuedLanding { job_id }, 0).await
    }

    /// A message of this queue that was received with this receipt handle.
    pub fn received(&self, receipt_handle: impl Into<String>) -> ReceivedMessage {
        ReceivedMessage::new(&self.0, receipt_handle)
    }
}
