//! The statuses of a job.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum JobStatus {
    /// The job is recorded and waits for the rate limiter or the concurrency limit before its next request is sent. The
    /// provider has done no work, or has finished an earlier request.
    Waiting,
    /// The job is recorded, and its next request is being sent to the provider.
    Submitting,
    /// The provider accepted the work and returned a provider job id.
    Submitted,
    /// The provider may or may not have accepted the work: its response never arrived. The request is never sent again.
    Unknown,
    /// The provider reported progress.
    Rendering,
    /// The provider reported that the files are ready.
    Received,
    /// The files are being transferred into the bucket.
    Landing,
    /// Every file is in the bucket. Final.
    Stored,
    /// Some files are in the bucket, and the others are missing. Final.
    Partial,
    /// The work or its landing failed. Final.
    Failed,
    /// The provider reported nothing before the timeout. The files of a later callback are still landed.
    Expired,
    /// Cancelled by the caller. Final.
    Cancelled,
}

/// The text is not the name of a status.
#[derive(Debug, thiserror::Error)]
#[error("unknown job status")]
pub struct StatusParseError;

impl JobStatus {
    /// Every status, in the order of the life cycle.
    pub const ALL: [JobStatus; 12] = [
        JobStatus::Waiting,
        JobStatus::Submitting,
        JobStatus::Submitted,
        JobStatus::Unknown,
        JobStatus::Rendering,
        JobStatus::Received,
        JobStatus::Landing,
        JobStatus::Stored,
        JobStatus::Partial,
        JobStatus::Failed,
        JobStatus::Expired,
        JobStatus::Cancelled,
    ];

    /// Returns the name in JSON and in DynamoDB.
    pub fn as_str(self) -> &'static str {
        match self {
            JobStatus::Waiting => "waiting",
            JobStatus::Submitting => "submitting",
            JobStatus::Submitted => "submitted",
            JobStatus::Unknown => "unknown",
            JobStatus::Rendering => "rendering",
            JobStatus::Received => "received",
            JobStatus::Landing => "landing",
            JobStatus::Stored => "stored",
            JobStatus::Partial => "partial",
            JobStatus::Failed => "failed",
            JobStatus::Expired => "expired",
            JobStatus::Cancelled => "cancelled",
        }
    }

    /// Whether only an operator's retry changes the status. `expired` is not final: the files of a later callback are
    /// still landed.
    pub fn is_final(self) -> bool {
        match self {
            JobStatus::Stored | JobStatus::Partial | JobStatus::Failed | JobStatus::Cancelled => true,
            JobStatus::Waiting
            | JobStatus::Submitting
            | JobStatus::Submitted
            | JobStatus::Unknown
            | JobStatus::Rendering
            | JobStatus::Received
            | JobStatus::Landing
            | JobStatus::Expired => false,
        }
    }

    /// Whether the sweep polls a job in this status. Its next event has to come from the provider, from an invocation
    /// that may have crashed, or from a queue that may have lost the message.
    pub fn is_active(self) -> bool {
        match self {
            JobStatus::Waiting
            | JobStatus::Submitting
            | JobStatus::Submitted
            | JobStatus::Unknown
            | JobStatus::Rendering
            | JobStatus::Received
            | JobStatus::Landing => true,
            JobStatus::Stored
            | JobStatus::Partial
            | JobStatus::Failed
            | JobStatus::Expired
            | JobStatus::Cancelled => false,
        }
    }

    /// Whether an outbox event is published when a job reaches this status. None is before the provider has the work,
    /// or while it is unknown whether it has.
    pub fn is_published(self) -> bool {
        match self {
            JobStatus::Submitted
            | JobStatus::Rendering
            | JobStatus::Received
            | JobStatus::Landing
            | JobStatus::Stored
            | JobStatus::Partial
            | JobStatus::Failed
            | JobStatus::Expired
            | JobStatus::Cancelled => true,
            JobStatus::Waiting | JobStatus::Submitting | JobStatus::Unknown => false,
        }
    }

    /// Whether this status ends the wait of workflows and notifies the caller's webhook. `expired` does, though the
    /// files of a later callback are still landed: the provider may never report anything.
    pub fn ends_waiting(self) -> bool {
        match self {
            JobStatus::Stored
            | JobStatus::Partial
            | JobStatus::Failed
            | JobStatus::Expired
            | JobStatus::Cancelled => true,
            JobStatus::Waiting
            | JobStatus::Submitting
            | JobStatus::Submitted
            | JobStatus::Unknown
            | JobStatus::Rendering
            | JobStatus::Received
            | JobStatus::Landing => false,
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JobStatus {
    type Err = StatusParseError;

    fn from_str(text: &str) -> Result<Self, StatusParseError> {
        JobStatus::ALL.into_iter().find(|status| status.as_str() == text).ok_or(StatusParseError)
    }
}
