//! Converts JSON to DynamoDB attributes and back, so that structured fields are readable in the console.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

/// Converts JSON to an attribute.
pub(crate) fn from_json(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(flag),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(from_json).collect()),
        Value::Object(fields) => {
            AttributeValue::M(fields.into_iter().map(|(name, value)| (name, from_json(value))).collect())
        }
    }
}

/// Converts an attribute to JSON. Types that [`from_json`] never writes become `null`.
pub(crate) fn to_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Bool(flag) => Value::Bool(*flag),
        AttributeValue::N(digits) => number(digits),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(list) => list.iter().map(to_json).collect(),
        AttributeValue::M(fields) => Value::Object(object(fields)),
        _ => Value::Null,
    }
}

fn object(fields: &HashMap<String, AttributeValue>) -> Map<String, Value> {
    fields.iter().map(|(name, value)| (name.clone(), to_json(value))).collect()
}

fn number(digits: &str) -> Value {
    let number = (digits.parse::<u64>().map(Number::from))
        .or_else(|_| digits.parse::<i64>().map(Number::from))
        .ok()
        .or_else(|| Number::from_f64(digits.parse().ok()?));
    number.map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_unchanged_after_a_round_trip_through_an_attribute() {
        let value = serde_json::json!({
            "text": "é", "empty": "", "whole": u64::MAX, "negative": -7, "part": 0.25, "list": [1, [], {}], "no": null, "yes": true
        });
        assert_eq!(to_json(&from_json(value.clone())), value);
    }
}
