//! The result of the check of one job, by a sweep or by a poll.

/// What a check of a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckOutcome {
    /// The job's status changed.
    StatusChanged,
    /// The job's status is the same, and its next check is scheduled.
    Unchanged,
    /// The check failed: AWS was unavailable, or the job's record is damaged.
    Failed,
    /// The job was not checked, since the time was over.
    OutOfTime,
}
