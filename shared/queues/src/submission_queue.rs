//! The submission queue: jobs that wait for the rate limiter or the concurrency limit of a provider.

use model::{Error, JobId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::sqs_queue::{SqsQueue, parse_message};

/// A waiting job that may be submitted now. Only the job's item says whether it still waits, so a repeated or outdated
/// message has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedSubmission {
    /// The job.
    pub job_id: JobId,
}

impl QueuedSubmission {
    /// Parses a message of the queue.
    ///
    /// # Errors
    /// [`model::ErrorClass::Internal`]: Landfall did not send the message.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_message(text)
    }
}

/// The submission queue.
#[derive(Debug, Clone)]
pub struct SubmissionQueue(SqsQueue);

impl SubmissionQueue {
    /// The queue at this URL.
    pub fn new(aws: &aws_types::SdkConfig, queue_url: impl Into<String>) -> Self {
        Self(SqsQueue::new(aws, queue_url))
    }

    /// Sends a waiting job, visible at `at`, but after 15 minutes at the latest, which is the longest delay in SQS.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`]: the queue did not confirm it.
    pub async fn send(&self, job_id: JobId, at: OffsetDateTime, now: OffsetDateTime) -> Result<(), Error> {
        let delay = u32::try_from((at - now).whole_seconds().max(0)).unwrap_or(u32::MAX);
        self.0.send_message(&QueuedSubmission { job_id }, delay).await
    }

    /// Hides a received message for `seconds` from now.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn change_visibility(&self, receipt_handle: &str, seconds: u32) -> Result<(), Error> {
        self.0.change_visibility(receipt_handle, seconds).await
    }
}
