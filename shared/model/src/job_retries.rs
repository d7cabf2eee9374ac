//! What an operator's retries add to a job: the rounds of its own landing, and the jobs that took its request up again.

use crate::JobId;

/// How often a job was tried again, and which job is the repetition of which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retries {
    /// How often its landing, or the question to its provider, was begun again after the job had ended.
    pub rounds: u32,
    /// The job whose request this one repeats.
    pub of: Option<JobId>,
    /// The job that repeats this one's request.
    pub resubmitted_as: Option<JobId>,
}
