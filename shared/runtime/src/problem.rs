//! Problem details of an error for HTTP (RFC 9457).

use model::{Error, ErrorClass, JobId, ProviderError, Violation, problem_title, problem_urn};
use serde::Serialize;

/// The problem details of an error response (RFC 9457).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub struct Problem<'a> {
    /// A URN of the error class, such as `urn:landfall:problem:invalid-request`. It does not change.
    #[serde(rename = "type")]
    kind: String,
    /// The error class in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong in this request.
    detail: &'a str,
    /// The invalid fields of the request.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Violation],
    /// The provider's error response, when the provider rejected the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a ProviderError>,
    /// Seconds to wait before a retry, the same as in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// The job of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    /// The path of that job.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem<'_> {
    /// The URN of an error class.
    pub fn urn(class: ErrorClass) -> String {
        problem_urn(class.name())
    }
}

impl<'a> From<&'a Error> for Problem<'a> {
    fn from(error: &'a Error) -> Self {
        Self {
            kind: Self::urn(error.class),
            title: problem_title(error.class.name()),
            status: error.class.http_status(),
            detail: &error.message,
            errors: &error.violations,
            provider: error.provider.as_ref(),
            retry_after: error.retry_after,
            job_id: error.job,
            instance: error.job.map(|job| format!("/jobs/{job}")),
        }
    }
}
