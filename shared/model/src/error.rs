//! A failure with its two audiences: a message that the caller may read, and a source that only we log.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{ErrorClass, JobId, Level};

/// A failure on its way to whoever asked.
#[derive(Debug)]
pub struct Error {
    /// What kind it is.
    pub class: ErrorClass,
    /// What the caller may read. Never holds a key, a token or the query of a URL.
    pub message: String,
    /// Which fields break which rules.
    pub violations: Vec<Violation>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// What the provider said, when the provider refused.
    pub provider: Option<ProviderAnswer>,
    /// The job it is about, when there is one.
    pub job: Option<JobId>,
    /// What went wrong underneath; for the log, never for the caller.
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// One broken rule of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Violation {
    /// The field, with dots for keys and brackets for indexes: `banner_ids[0]`.
    pub field: String,
    /// What was expected.
    pub message: String,
}

/// A provider's refusal in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderAnswer {
    /// HTTP status.
    pub status: u16,
    /// The provider's error id, or the one its status stands for.
    pub id: String,
    /// The provider's message, cut to 500 characters.
    pub message: String,
    /// The provider's remarks on fields of its own request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

/// A failure as a job remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobError {
    /// What kind it is.
    #[serde(rename = "type")]
    pub class: ErrorClass,
    /// What a person may read.
    pub message: String,
    /// Whether Landfall goes on trying by itself.
    pub retryable: bool,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::time"))]
    pub at: OffsetDateTime,
    /// The provider's own words, when it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderAnswer>,
    /// Which of the caller's fields it refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

impl Violation {
    /// A broken rule.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Error {
    /// A failure with what the caller may read about it.
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

    /// A request that breaks one rule.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::violations(vec![Violation::new(field, message)])
    }

    /// A request that breaks several rules.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let listed: Vec<String> = violations.iter().map(|v| format!("{}: {}", v.field, v.message)).collect();
        Self { violations, ..Self::new(ErrorClass::InvalidRequest, listed.join("; ")) }
    }

    /// Adds what went wrong underneath, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds which fields are at fault.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.violations = violations;
        self
    }

    /// Adds when to come back, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds the provider's own words.
    #[must_use]
    pub fn with_provider_answer(mut self, answer: ProviderAnswer) -> Self {
        self.provider = Some(answer);
        self
    }

    /// Adds the job it is about.
    #[must_use]
    pub fn about(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        self.class.retryable()
    }

    /// The failure as a job remembers it.
    pub fn for_record(&self, at: OffsetDateTime) -> JobError {
        JobError {
            class: self.class,
            message: self.message.clone(),
            retryable: self.retryable(),
            at,
            provider: self.provider.clone(),
            errors: self.violations.clone(),
        }
    }

    /// The whole chain of causes as one line, for the log.
    pub fn causes(&self) -> String {
        let mut line = self.message.clone();
        let mut next = self.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(cause) = next {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            next = cause.source();
        }
        line
    }

    /// Writes the failure to the log, once, at the level of its class.
    pub fn log(&self, sentence: &str) {
        let (class, causes) = (self.class.name(), self.causes());
        let job_id = self.job.map(tracing::field::display);
        match self.class.level() {
            Level::Error => tracing::error!(job_id, error_class = class, causes, "{sentence}"),
            Level::Warn => tracing::warn!(job_id, error_class = class, causes, "{sentence}"),
            Level::Info => tracing::info!(job_id, error_class = class, causes, "{sentence}"),
        }
    }
}

impl JobError {
    /// The failure as it was when it happened, to answer a repeated request the same way.
    pub fn again(&self) -> Error {
        let error = Error::new(self.class, self.message.clone()).with_violations(self.errors.clone());
        match &self.provider {
            Some(answer) => error.with_provider_answer(answer.clone()),
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
