//! Parses JSON without the fields that are not used. A project's scenes may be megabytes (contract 5.1), and a parsed
//! tree takes several times as much memory as the text.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// The fields that are skipped at any depth.
const SKIPPED: [&str; 2] = ["scenes", "dictionary"];

/// A JSON value without the [`SKIPPED`] fields.
#[derive(Debug, PartialEq)]
pub(super) struct SparseJson(pub(super) Value);

impl<'de> Deserialize<'de> for SparseJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SparseJsonVisitor).map(SparseJson)
    }
}

struct SparseJsonVisitor;

impl<'de> Visitor<'de> for SparseJsonVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = vec![];
        while let Some(SparseJson(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if SKIPPED.contains(&name.as_str()) {
                entries.next_value::<IgnoredAny>()?;
            } else {
                let SparseJson(value) = entries.next_value()?;
                fields.insert(name, value);
            }
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields_but_the_skipped_ones_are_parsed_unchanged() {
        let text =
            r#"{"a":[1,-2,2.5,true,null,"t"],"project":{"scenes":[{"big":"x"}],"name":"n","dictionary":{}}}"#;
        let SparseJson(read) = serde_json::from_str(text).expect("JSON");
        let mut expected: Value = serde_json::from_str(text).expect("JSON");
        let project = expected["project"].as_object_mut().expect("an object");
        project.retain(|name, _| name == "name");
        assert_eq!(read, expected);
    }

    #[test]
    fn malformed_json_is_rejected_in_skipped_fields_too() {
        for text in ["", "{", r#"{"scenes":[}"#, r#"{"a":1}x"#, "<html>"] {
            assert!(serde_json::from_str::<SparseJson>(text).is_err(), "{text}");
        }
    }
}
