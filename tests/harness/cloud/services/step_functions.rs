//! Step Functions: records the reports for task tokens. No state machine runs. Every token is accepted until its task ends.
//! Later reports are rejected as AWS rejects them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::error::ServiceError;

/// A report for a waiting task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskReport {
    /// SendTaskSuccess.
    Success {
        /// The task token.
        token: String,
        /// The output, parsed.
        output: Value,
    },
    /// SendTaskFailure.
    Failure {
        /// The task token.
        token: String,
        /// The error name, or empty.
        error: String,
        /// The cause, or empty.
        cause: String,
    },
    /// SendTaskHeartbeat.
    Heartbeat {
        /// The task token.
        token: String,
    },
}

impl TaskReport {
    /// Returns the task token.
    pub fn token(&self) -> &str {
        match self {
            Self::Success { token, .. } | Self::Failure { token, .. } | Self::Heartbeat { token } => token,
        }
    }
}

/// The reports so far.
#[derive(Debug, Default)]
pub(super) struct StepFunctions {
    reports: Mutex<Vec<TaskReport>>,
    /// Tokens of tasks that ended without a report.
    ended: Mutex<HashSet<String>>,
    /// The error code for each token whose reports are rejected.
    rejected: Mutex<HashMap<String, String>>,
}

impl StepFunctions {
    pub(super) fn all(&self) -> Vec<TaskReport> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn end(&self, token: &str) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned());
    }

    pub(super) fn reject(&self, token: &str, code: &str) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        rejected.insert(token.to_owned(), code.to_owned());
    }

    pub(super) fn accept(&self, token: &str) {
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
    }

    pub(super) fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let token = text("taskToken");
        if token.is_empty() {
            return Err(ServiceError::new("InvalidToken", "Invalid Token: 'taskToken' is missing"));
        }
        if let Some(code) = self.rejected.lock().unwrap_or_else(PoisonError::into_inner).get(&token) {
            return Err(ServiceError::new(code, format!("the report for '{token}' is rejected")));
        }
        // The constraints of the API reference. AWS repeats the value in its message.
        for (name, max_length) in
            [("taskToken", 2048), ("output", 262_144), ("error", 256), ("cause", 32_768)]
        {
            if text(name).len() > max_length {
                let message = format!("1 validation error detected: Value '{}' at '{name}'", text(name));
                return Err(ServiceError::new("ValidationException", message));
            }
        }
        let report = match operation {
            "SendTaskSuccess" => {
                let output = serde_json::from_str(&text("output")).map_err(|error| {
                    ServiceError::new("InvalidOutput", format!("Invalid Output: {error}"))
                })?;
                TaskReport::Success { token, output }
            }
            "SendTaskFailure" => TaskReport::Failure { token, error: text("error"), cause: text("cause") },
            "SendTaskHeartbeat" => TaskReport::Heartbeat { token },
            _ => return Err(ServiceError::unknown_operation(operation)),
        };
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(report.token());
        let has_ended = ended
            || reports.iter().any(|earlier| {
                earlier.token() == report.token() && !matches!(earlier, TaskReport::Heartbeat { .. })
            });
        if has_ended {
            let message = "Task Timed Out: 'Provided task does not exist anymore'";
            return Err(ServiceError::new("TaskTimedOut", message));
        }
        reports.push(report);
        Ok(json!({}))
    }
}
