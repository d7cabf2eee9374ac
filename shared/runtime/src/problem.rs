//! A failure as problem JSON (RFC 9457).

use model::{Error, ErrorClass, JobId, ProviderAnswer, Violation, problem_title, problem_urn};
use serde::Serialize;

/// What a caller is told of a failure over HTTP.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub struct Problem<'a> {
    /// A URN with the class of the failure, such as `urn:landfall:problem:invalid-request`. It does not change.
    #[serde(rename = "type")]
    kind: String,
    /// The class in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time.
    detail: &'a str,
    /// The fields that break a rule.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Violation],
    /// What the provider said, when it was the provider who refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a ProviderAnswer>,
    /// Seconds after which trying again makes sense, as the header `Retry-After` says them.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// The job that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    /// The path of that job.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem<'_> {
    /// The URN of a class.
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
