//! JSON Schemas of orders, for the OpenAPI document.
//!
//! The schemas are written by hand next to the validation of requests, and share its lists and limits. A test checks
//! both with the same requests.

use serde_json::{Map, Value, json};

/// The schema of one variant of an order.
#[derive(Debug, Clone)]
pub struct OrderSchema {
    /// The kind of work.
    pub kind: &'static str,
    /// The name of the variant, such as `OfJob`; empty for the default one.
    pub variant: &'static str,
    /// What the work produces, in one sentence.
    pub description: &'static str,
    /// The fields, each with its schema.
    pub fields: Vec<(&'static str, Value)>,
    /// The required fields.
    pub required: &'static [&'static str],
    /// An example of the required fields.
    pub example: Value,
}

/// Makes a field optional: `null` is the same as absent.
pub(crate) fn optional(mut schema: Value) -> Value {
    match &mut schema["type"] {
        Value::Null => return json!({ "anyOf": [schema, { "type": "null" }] }),
        kind => *kind = json!([kind.take(), "null"]),
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}

/// Adds a description to a schema.
pub(crate) fn with_description(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// Returns the schema of an object with these optional fields and no others.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
