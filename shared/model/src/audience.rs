//! Whom a job tells of its end, besides the event bus: those that its caller named.

use crate::{Secret, Status};

/// Who is told of a job's end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// The caller's own https URL. Whoever has it can talk to the caller, so it is kept like a secret.
    pub webhook_url: Option<Secret>,
}

impl Audience {
    /// Whether somebody is to be told that the job has come to this status: one of its ends. `expired` is an end, too,
    /// although another one may follow.
    pub fn hears_of(&self, status: Status) -> bool {
        let ends = match status {
            Status::Stored | Status::Partial | Status::Failed | Status::Expired | Status::Cancelled => true,
            Status::Waiting
            | Status::Submitting
            | Status::Submitted
            | Status::Unknown
            | Status::Rendering
            | Status::Received
            | Status::Landing => false,
        };
        ends && self.webhook_url.is_some()
    }
}
