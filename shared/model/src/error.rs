//! The error type of Landfall: a message that the caller may read, and a source that only the log shows.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{ErrorClass, JobId, LogLevel};

/// An error that is returned to the caller.
#[derive(Debug)]
pub struct Error {
    /// The class of the error.
    pub class: ErrorClass,
    /// A message for the caller. It never holds a key, a token or the query of a URL.
    pub message: String,
    /// The fields that break a rule.
    pub violations: Vec<Violation>,
    /// Seconds until a retry can succeed.
    pub retry_after: Option<u64>,
    /// The provider's error response, when the provider rejected the request.
    pub provider: Option<ProviderError>,
    /// The job that the error concerns.
    pub job: Option<JobId>,
    /// The underlying error, for the log and never for the caller.
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A field of a request that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Violation {
    /// The field, with dots for keys and brackets for indexes: `banner_ids[0]`.
    pub field: String,
    /// What was expected.
    pub message: String,
}

/// A provider's error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderError {
    /// The HTTP status.
    pub status: u16,
    /// The provider's error id, or the id that the HTTP status implies.
    pub id: String,
    /// The provider's message, truncated to 500 characters.
    pub message: String,
    /// The fields of the provider's request that the provider rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

/// The error of a job, as its record stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobError {
    /// The class of the error.
    #[serde(rename = "type")]
    pub class: ErrorClass,
    /// A message for people.
    pub message: String,
    /// Whether Landfall retries by itself.
    pub retryable: bool,
    /// When the error occurred.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::json_schema::time"))]
    pub at: OffsetDateTime,
    /// The provider's error response, when the provider rejected the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderError>,
    /// The fields of the caller's request that the provider rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

impl Violation {
    /// Creates a violation of a field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Error {
    /// Creates an error with a message for the caller.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            violations: vec![],
            retry_after: None,
            provider: None,
            job: None,
            source: None,
        }
    }

    /// Creates the error of a request with one invalid field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::from_violations(vec![Violation::new(field, message)])
    }

    /// Creates the error of a request with several invalid fields.
    pub fn from_violations(violations: Vec<Violation>) -> Self {
        let listed: Vec<String> = violations.iter().map(|v| format!("{}: {}", v.field, v.message)).collect();
        Self { violations, ..Self::new(ErrorClass::InvalidRequest, listed.join("; ")) }
    }

    /// Adds the underlying error, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds the fields that break a rule.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.violations = violations;
        self
    }

    /// Adds after how many seconds to retry.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds the provider's error response.
    #[must_use]
    pub fn with_provider_error(mut self, answer: ProviderError) -> Self {
        self.provider = Some(answer);
        self
    }

    /// Adds the job that the error concerns.
    #[must_use]
    pub fn with_job(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// Whether a retry of the same call may succeed.
    pub fn is_retryable(&self) -> bool {
        self.class.is_retryable()
    }

    /// Converts to the error that a job's record stores.
    pub fn to_job_error(&self, at: OffsetDateTime) -> JobError {
        JobError {
            class: self.class,
            message: self.message.clone(),
            retryable: self.is_retryable(),
            at,
            provider: self.provider.clone(),
            errors: self.violations.clone(),
        }
    }

    /// Returns the message and all underlying errors in one line, for the log.
    pub fn cause_chain(&self) -> String {
        let mut line = self.message.clone();
        let mut next = self.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(cause) = next {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            next = cause.source();
        }
        line
    }

    /// Logs the error at the level of its class.
    pub fn log(&self, message: &str) {
        let (class, causes) = (self.class.name(), self.cause_chain());
        let job_id = self.job.map(tracing::field::display);
        match self.class.log_level() {
            LogLevel::Error => tracing::error!(job_id, error_class = class, causes, "{message}"),
            LogLevel::Warn => tracing::warn!(job_id, error_class = class, causes, "{message}"),
            LogLevel::Info => tracing::info!(job_id, error_class = class, causes, "{message}"),
        }
    }
}

impl JobError {
    /// Converts back to the original error, so that a repeated request gets the same response.
    pub fn to_error(&self) -> Error {
        let error = Error::new(self.class, self.message.clone()).with_violations(self.errors.clone());
        match &self.provider {
            Some(answer) => error.with_provider_error(answer.clone()),
            None => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
