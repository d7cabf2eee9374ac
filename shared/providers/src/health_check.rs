//! Health checks: requests that show whether a provider would accept work.

use crate::Query;

/// The status of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthCheckStatus {
    /// The check passed.
    Ok,
    /// The check passed, and the operator should know the detail.
    Warning,
    /// The check failed.
    Failed,
}

/// The result of one health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheckResult {
    /// The status.
    pub status: HealthCheckStatus,
    /// What the check found, for people. Never holds a key.
    pub detail: String,
}

impl HealthCheckResult {
    /// Creates a result.
    pub fn new(status: HealthCheckStatus, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

/// A health check of a provider: its name and its query.
pub type HealthCheck = (&'static str, Box<dyn Query<HealthCheckResult>>);
