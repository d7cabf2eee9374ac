//! An order: a caller's request after its validation.

use model::JobId;
use serde_json::Value;

/// A validated request.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The kind of work.
    pub kind: String,
    /// The request in canonical form: equal requests are equal JSON.
    pub request: Value,
    /// How many files the work produces, when the request says so.
    pub expected_files: Option<u64>,
}

impl Order {
    /// Returns the job whose results the order uses. The provider completes the order with that job.
    pub fn source_job_id(&self) -> Option<JobId> {
        self.request.get("of_job")?.as_str()?.parse().ok()
    }
}
