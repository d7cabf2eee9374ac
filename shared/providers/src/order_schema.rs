//! What can be ordered, as JSON Schema: the description of a provider's requests, for those who read no Rust.
//!
//! The schemas are written by hand beside the code that checks requests, and share its lists and limits. A test feeds
//! both the same requests.

use serde_json::{Map, Value, json};

/// One way to order a kind of work.
#[derive(Debug, Clone)]
pub struct OrderSchema {
    /// The kind.
    pub kind: &'static str,
    /// What tells this way from others to order the same kind, such as `OfJob`; empty for the usual one.
    pub variant: &'static str,
    /// What is ordered, in a sentence.
    pub description: &'static str,
    /// The fields, each with its schema.
    pub fields: Vec<(&'static str, Value)>,
    /// The fields that must be there.
    pub required: &'static [&'static str],
    /// An example of the fields that must be there.
    pub example: Value,
}

/// A field that may be left out: `null` is the same as absent.
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

/// The same with a sentence about it.
pub(crate) fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// An object with these fields and no others, none of which must be there.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
