//! A caller's request after it was checked.

use model::{Fault, JobId, Violation};
use serde_json::{Map, Value};

/// A checked request.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What work.
    pub kind: String,
    /// The request in canonical form: equal requests are equal JSON.
    pub request: Value,
    /// How many files the work will bring, when the request says so.
    pub expected: Option<u64>,
}

impl Order {
    /// The job on whose results the order builds. The provider completes the order once that job is known.
    pub fn of_job(&self) -> Option<JobId> {
        self.request.get("of_job")?.as_str()?.parse().ok()
    }
}

/// The fields of a request while they are checked: takes what is known, then refuses what is left.
///
/// All violations are gathered, so that a caller mends a request in one round.
#[derive(Debug)]
pub struct Fields {
    left: Map<String, Value>,
    violations: Vec<Violation>,
}

impl Fields {
    /// Starts to check.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self { left: fields, violations: vec![] }
    }

    /// Takes a field out. `null` is the same as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// Notes a broken rule.
    pub fn violation(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.violations.push(Violation::new(field, message));
    }

    /// Refuses every field that nobody took, and every violation noted.
    ///
    /// # Errors
    /// One fault that names them all.
    pub fn finish(mut self) -> Result<(), Fault> {
        for name in self.left.keys() {
            self.violations.push(Violation::new(name, "unknown field"));
        }
        if self.violations.is_empty() { Ok(()) } else { Err(Fault::violations(self.violations)) }
    }
}
