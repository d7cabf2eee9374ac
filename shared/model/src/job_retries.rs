//! An operator's retries of a job.

use crate::JobId;

/// How often a job was retried, and which jobs repeat its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobRetries {
    /// How often its landing or its polling was restarted after the job had ended.
    pub restarts: u32,
    /// The job whose request this one repeats.
    pub retry_of: Option<JobId>,
    /// The job that repeats this one's request.
    pub resubmitted_as: Option<JobId>,
}
