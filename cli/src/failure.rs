//! What can go wrong, as a person and a script are told of it.

use std::{error::Error, fmt::Write, io};

use model::{ErrorClass, problem_title, problem_urn};
use serde_json::{Value, json};

use crate::exit::Exit;

/// Why a command did not do what it should. Holds no secret: neither a key nor the query of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The class of Landfall's own faults, or one of this program's, in the same style.
    pub(crate) class: String,
    /// One sentence.
    pub(crate) message: String,
    /// What the process ends with.
    pub(crate) exit: Exit,
    /// Whether what was asked for may have been done all the same: an answer was lost, or says nothing of it.
    pub(crate) unsure: bool,
    /// The key of a submission that only this program knows.
    pub(crate) idempotency_key: Option<String>,
}

/// The class of what lies on this machine where something else belongs.
pub(crate) const IN_THE_WAY: &str = "InTheWay";

impl Failure {
    pub(crate) fn new(class: &str, message: impl Into<String>, exit: Exit) -> Self {
        let (class, message) = (class.to_owned(), message.into());
        Self { class, message, exit, unsure: false, idempotency_key: None }
    }

    /// The same, once something may have been done all the same.
    pub(crate) fn unsure(self, unsure: bool) -> Self {
        Self { unsure, ..self }
    }

    /// The command line or what it names cannot be used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new("Usage", message, Exit::Usage)
    }

    /// Something on this machine lies where something else belongs.
    pub(crate) fn in_the_way(message: impl Into<String>) -> Self {
        Self::new(IN_THE_WAY, message, Exit::InTheWay)
    }

    /// A job goes on, and there may be more of it later.
    pub(crate) fn not_finished(message: impl Into<String>) -> Self {
        Self::new("NotFinished", message, Exit::Retry)
    }

    /// Nobody answered, or the answer broke off.
    pub(crate) fn unreachable(what: &str, cause: &(dyn Error + 'static)) -> Self {
        Self::new("Unreachable", format!("{what} cannot be reached: {}", causes(cause)), Exit::Retry)
    }

    /// Landfall answered something that makes no sense to this version.
    pub(crate) fn not_understood(what: impl Into<String>) -> Self {
        Self::new("NotUnderstood", what, Exit::Refused)
    }

    /// A file or folder on this machine cannot be read or written.
    pub(crate) fn local(what: &str, cause: &io::Error) -> Self {
        Self::new("LocalFile", format!("{what}: {cause}"), Exit::InTheWay)
    }

    /// What the function failed with: `Retryable.<Class>` or `Permanent.<Class>`, or a name of the runtime's own for a
    /// function that crashed or ran out of time.
    pub(crate) fn of_function(error_type: &str, message: &str) -> Self {
        let (class, exit) = match error_type.split_once('.') {
            Some(("Permanent", "NotFound")) => ("NotFound", Exit::NotFound),
            Some(("Permanent", class)) => (class, Exit::Refused),
            Some(("Retryable", class)) => (class, Exit::Retry),
            _ => (error_type, Exit::Retry),
        };
        Self::new(class, message, exit)
    }

    /// One line for a person.
    pub(crate) fn line(&self) -> String {
        let again =
            self.idempotency_key.as_ref().map(|key| format!("; the same again is: --idempotency-key {key}"));
        format!("{}: {}{}", self.class, self.message, again.unwrap_or_default())
    }

    /// Problem JSON as the HTTP API has it (RFC 9457).
    pub(crate) fn problem(&self) -> Value {
        let mut problem = json!({
            "type": problem_urn(&self.class),
            "title": problem_title(&self.class),
            "detail": self.message,
            "exit_code": self.exit.code(),
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

/// An error and what caused it, as one line.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some errors repeat their cause in their own words.
        if !line.ends_with(&text) {
            let _ = write!(line, ": {text}");
        }
        next = cause.source();
    }
    // Some are lists.
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_function_fails_with_decides_how_the_process_ends() {
        for (error_type, class, exit) in [
            ("Permanent.NotFound", "NotFound", 4),
            ("Permanent.InvalidRequest", "InvalidRequest", 3),
            ("Permanent.ProviderQuota", "ProviderQuota", 3),
            ("Retryable.ProviderThrottled", "ProviderThrottled", 1),
            ("Retryable.StorageUnavailable", "StorageUnavailable", 1),
            ("Runtime.ExitError", "Runtime.ExitError", 1),
            ("Sandbox.Timedout", "Sandbox.Timedout", 1),
            ("", "", 1),
        ] {
            let failure = Failure::of_function(error_type, "why");
            assert_eq!((failure.class.as_str(), failure.exit.code()), (class, exit), "{error_type}");
        }
    }

    #[test]
    fn a_problem_reads_as_that_of_the_http_api() {
        let problem = Failure::of_function("Retryable.ProviderThrottled", "later").problem();
        let expected = json!({
            "type": "urn:landfall:problem:provider-throttled", "title": "Provider throttled", "status": 429,
            "detail": "later", "exit_code": 1,
        });
        assert_eq!(problem, expected);
    }

    #[test]
    fn a_class_of_the_runtime_is_a_problem_without_a_status() {
        let problem = Failure::of_function("Sandbox.Timedout", "slow").problem();
        assert_eq!(problem["type"], "urn:landfall:problem:sandbox-timedout");
        assert!(problem.get("status").is_none());
    }
}
