//! A caller's request after it was checked.

use model::{Error, JobId, Violation};
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
    /// Starts to check. `9.0` is the number `9` in JSON, and is read as that, so that equal requests are equal JSON.
    pub fn new(fields: Map<String, Value>) -> Self {
        let left = fields.into_iter().map(|(name, value)| (name, with_whole_numbers(value))).collect();
        Self { left, violations: vec![] }
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
    pub fn finish(mut self) -> Result<(), Error> {
        for name in self.left.keys() {
            self.violations.push(Violation::new(name, "unknown field"));
        }
        if self.violations.is_empty() { Ok(()) } else { Err(Error::violations(self.violations)) }
    }
}

/// The same JSON with every number that has no fraction as an integer, as far as a double tells integers apart.
fn with_whole_numbers(value: Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < EXACT => Value::from(whole as i64),
            _ => Value::Number(number),
        },
        Value::Array(values) => values.into_iter().map(with_whole_numbers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, with_whole_numbers(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_whole_however_it_is_written() {
        let text = r#"{"a": 9.0, "b": [1e2, -0.0, 1.5], "c": {"d": 7.0}, "e": 1e300, "f": "9.0"}"#;
        let mut fields = Fields::new(serde_json::from_str(text).expect("JSON"));
        let read: Vec<Option<Value>> = ["a", "b", "c", "e", "f"].map(|name| fields.take(name)).into();
        let expected = [json!(9), json!([100, 0, 1.5]), json!({ "d": 7 }), json!(1e300), json!("9.0")];
        assert_eq!(read, expected.map(Some));
    }
}
