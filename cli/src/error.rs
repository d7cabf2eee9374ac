//! The error of a command, as one line of text or as problem JSON.

use std::{error::Error, fmt::Write, io};

use model::{ErrorClass, problem_title, problem_urn};
use serde_json::{Value, json};

use crate::exit_status::ExitStatus;

/// Why a command failed. Contains no secret: neither a key nor the query of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    /// An error class of Landfall, or one of this program in the same style.
    pub(crate) class: String,
    /// One sentence.
    pub(crate) message: String,
    /// The exit status of the process.
    pub(crate) exit_status: ExitStatus,
    /// Whether the function may have executed the command: its response was lost, or does not say.
    pub(crate) outcome_unknown: bool,
    /// The idempotency key that this program generated for a submission.
    pub(crate) idempotency_key: Option<String>,
}

/// The class of a conflict with a local file, symbolic link or other run.
pub(crate) const LOCAL_CONFLICT_CLASS: &str = "InTheWay";

impl CliError {
    pub(crate) fn new(class: &str, message: impl Into<String>, exit_status: ExitStatus) -> Self {
        let (class, message) = (class.to_owned(), message.into());
        Self { class, message, exit_status, outcome_unknown: false, idempotency_key: None }
    }

    /// Sets whether the function may have executed the command.
    pub(crate) fn with_outcome_unknown(self, outcome_unknown: bool) -> Self {
        Self { outcome_unknown, ..self }
    }

    /// The command line, or a file that it names, is unusable.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new("Usage", message, ExitStatus::Usage)
    }

    /// A local file, symbolic link or other run blocks the destination.
    pub(crate) fn local_conflict(message: impl Into<String>) -> Self {
        Self::new(LOCAL_CONFLICT_CLASS, message, ExitStatus::LocalConflict)
    }

    /// The job is still active and may get more files.
    pub(crate) fn job_active(message: impl Into<String>) -> Self {
        Self::new("NotFinished", message, ExitStatus::Retryable)
    }

    /// No response arrived, or it broke off.
    pub(crate) fn unreachable(what: &str, cause: &(dyn Error + 'static)) -> Self {
        Self::new(
            "Unreachable",
            format!("{what} cannot be reached: {}", error_chain(cause)),
            ExitStatus::Retryable,
        )
    }

    /// Landfall sent a response that this version cannot interpret.
    pub(crate) fn unexpected_response(message: impl Into<String>) -> Self {
        Self::new("NotUnderstood", message, ExitStatus::Rejected)
    }

    /// A local file or folder cannot be read or written.
    pub(crate) fn local_file(what: &str, cause: &io::Error) -> Self {
        Self::new("LocalFile", format!("{what}: {cause}"), ExitStatus::LocalConflict)
    }

    /// The function's error: `Retryable.<Class>` or `Permanent.<Class>`, or an error type of the Lambda runtime when the
    /// function crashed or timed out.
    pub(crate) fn from_function(error_type: &str, message: &str) -> Self {
        let (class, exit_status) = match error_type.split_once('.') {
            Some(("Permanent", "NotFound")) => ("NotFound", ExitStatus::NotFound),
            Some(("Permanent", class)) => (class, ExitStatus::Rejected),
            Some(("Retryable", class)) => (class, ExitStatus::Retryable),
            _ => (error_type, ExitStatus::Retryable),
        };
        Self::new(class, message, exit_status)
    }

    /// The error as one line of text.
    pub(crate) fn to_line(&self) -> String {
        let key = self.idempotency_key.as_ref();
        let repeat = key.map(|key| format!("; to repeat this request, use --idempotency-key {key}"));
        format!("{}: {}{}", self.class, self.message, repeat.unwrap_or_default())
    }

    /// The error as problem JSON, in the format of the HTTP API (RFC 9457).
    pub(crate) fn to_problem_json(&self) -> Value {
        let mut problem = json!({
            "type": problem_urn(&self.class),
            "title": problem_title(&self.class),
            "detail": self.message,
            "exit_code": self.exit_status.code(),
        });
        if let Ok(class) = serde_json::from_value::<ErrorClass>(json!(self.class)) {
            problem["status"] = json!(class.http_status());
        }
        if let Some(key) = &self.idempotency_key {
            problem["idempotency_key"] = key.as_str().into();
        }
        problem
    }
}

/// An error and its causes, as one line.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some errors include their cause in their own text.
        if !line.ends_with(&text) {
            let _ = write!(line, ": {text}");
        }
        next = cause.source();
    }
    // Some errors span several lines.
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_type_of_the_function_selects_the_exit_code() {
        for (error_type, class, code) in [
            ("Permanent.NotFound", "NotFound", 4),
            ("Permanent.InvalidRequest", "InvalidRequest", 3),
            ("Permanent.ProviderQuota", "ProviderQuota", 3),
            ("Retryable.ProviderThrottled", "ProviderThrottled", 1),
            ("Retryable.StorageUnavailable", "StorageUnavailable", 1),
            ("Runtime.ExitError", "Runtime.ExitError", 1),
            ("Sandbox.Timedout", "Sandbox.Timedout", 1),
            ("", "", 1),
        ] {
            let error = CliError::from_function(error_type, "why");
            assert_eq!((error.class.as_str(), error.exit_status.code()), (class, code), "{error_type}");
        }
    }

    #[test]
    fn problem_json_has_the_format_of_the_http_api() {
        let problem = CliError::from_function("Retryable.ProviderThrottled", "later").to_problem_json();
        let expected = json!({
            "type": "urn:landfall:problem:provider-throttled", "title": "Provider throttled", "status": 429,
            "detail": "later", "exit_code": 1,
        });
        assert_eq!(problem, expected);
    }

    #[test]
    fn an_error_type_of_the_lambda_runtime_has_no_http_status() {
        let problem = CliError::from_function("Sandbox.Timedout", "slow").to_problem_json();
        assert_eq!(problem["type"], "urn:landfall:problem:sandbox-timedout");
        assert!(problem.get("status").is_none());
    }
}
