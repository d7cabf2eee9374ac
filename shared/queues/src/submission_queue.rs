//! The queue of jobs that wait for their turn at a provider.

use model::{Error, ErrorClass, JobId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::delivery_queue::Queue;

/// A job's turn may have come. Only the job's record says whether it still waits, so it does no harm to send this
/// twice, or for a job that has gone on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedSubmission {
    /// The job.
    pub job_id: JobId,
}

impl QueuedSubmission {
    /// Reads a message of the queue.
    ///
    /// # Errors
    /// [`ErrorClass::Internal`]: the message is none of ours.
    pub fn read(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map_err(|e| Error::new(ErrorClass::Internal, "a queued message cannot be read").with_source(e))
    }
}

/// The submissions queue.
#[derive(Debug, Clone)]
pub struct SubmissionQueue(Queue);

impl SubmissionQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(Queue::new(aws, queue_url))
    }

    /// Lets a waiting job be looked at, not before `at` or in 15 minutes, which is as long as SQS delays a message.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, job_id: JobId, at: OffsetDateTime, now: OffsetDateTime) -> Result<(), Error> {
        let delay = u32::try_from((at - now).whole_seconds().max(0)).unwrap_or(u32::MAX);
        self.0.send(&QueuedSubmission { job_id }, delay).await
    }

    /// Hides a received message for `seconds` from now on.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn hide(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        self.0.hide(receipt_handle, seconds).await
    }
}
