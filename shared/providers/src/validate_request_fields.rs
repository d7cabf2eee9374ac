//! Validates the fields of a request.

use model::{Error, Violation};
use serde_json::{Map, Value};

/// Validates the fields of a request: known fields are taken out, and those that are left are rejected.
///
/// All violations are collected, so that a caller can correct a request at once.
#[derive(Debug)]
pub struct RequestFields {
    left: Map<String, Value>,
    violations: Vec<Violation>,
}

impl RequestFields {
    /// Starts the validation. `9.0` and `9` are the same number in JSON and become `9`, so that equal requests are
    /// equal JSON.
    pub fn new(fields: Map<String, Value>) -> Self {
        let left = fields.into_iter().map(|(name, value)| (name, normalize_numbers(value))).collect();
        Self { left, violations: vec![] }
    }

    /// Takes a field out. `null` is the same as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// Adds a violation.
    pub fn add_violation(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.violations.push(Violation::new(field, message));
    }

    /// Ends the validation.
    ///
    /// # Errors
    /// One error with all violations. Fields that were not taken are violations.
    pub fn finish(mut self) -> Result<(), Error> {
        for name in self.left.keys() {
            self.violations.push(Violation::new(name, "unknown field"));
        }
        if self.violations.is_empty() { Ok(()) } else { Err(Error::from_violations(self.violations)) }
    }
}

/// Reads an optional field into a validated request. An invalid value adds a violation with what is expected.
pub(crate) fn read_optional(
    fields: &mut RequestFields,
    request: &mut Map<String, Value>,
    name: &str,
    expected: &str,
    is_valid: impl Fn(&Value) -> bool,
) {
    match fields.take(name) {
        None => {}
        Some(value) if is_valid(&value) => _ = request.insert(name.into(), value),
        Some(_) => fields.add_violation(name, expected),
    }
}

/// Converts every number without a fraction to an integer, in the range in which doubles represent integers exactly.
fn normalize_numbers(value: Value) -> Value {
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(number) if number.fract() == 0.0 && number.abs() < MAX_EXACT => Value::from(number as i64),
            _ => Value::Number(number),
        },
        Value::Array(values) => values.into_iter().map(normalize_numbers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, normalize_numbers(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_without_a_fraction_become_integers_in_every_notation() {
        let text = r#"{"a": 9.0, "b": [1e2, -0.0, 1.5], "c": {"d": 7.0}, "e": 1e300, "f": "9.0"}"#;
        let mut fields = RequestFields::new(serde_json::from_str(text).expect("JSON"));
        let read: Vec<Option<Value>> = ["a", "b", "c", "e", "f"].map(|name| fields.take(name)).into();
        let expected = [json!(9), json!([100, 0, 1.5]), json!({ "d": 7 }), json!(1e300), json!("9.0")];
        assert_eq!(read, expected.map(Some));
    }
}
