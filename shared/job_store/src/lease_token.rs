//! The proof that a worker holds the lease on a landing.

use model::JobId;

/// The exclusive right to land a job's files until it expires.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    pub(crate) token: String,
}
