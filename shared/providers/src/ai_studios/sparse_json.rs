//! JSON without the parts that nobody here reads. A project's scenes may be megabytes (contract 5.1), and as a tree they
//! would take several times as much memory as the text.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Fields that are read over, wherever they stand.
const SKIPPED: [&str; 2] = ["scenes", "dictionary"];

/// JSON without [`SKIPPED`] fields.
#[derive(Debug, PartialEq)]
pub(super) struct Lean(pub(super) Value);

impl<'de> Deserialize<'de> for Lean {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder).map(Lean)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
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
        while let Some(Lean(item)) = items.next_element()? {
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
                let Lean(value) = entries.next_value()?;
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
    fn everything_but_the_scenes_is_read_as_it_stands() {
        let text =
            r#"{"a":[1,-2,2.5,true,null,"t"],"project":{"scenes":[{"big":"x"}],"name":"n","dictionary":{}}}"#;
        let Lean(read) = serde_json::from_str(text).expect("JSON");
        let mut whole: Value = serde_json::from_str(text).expect("JSON");
        let project = whole["project"].as_object_mut().expect("an object");
        project.retain(|name, _| name == "name");
        assert_eq!(read, whole);
    }

    #[test]
    fn what_is_no_json_is_refused_also_where_it_is_read_over() {
        for text in ["", "{", r#"{"scenes":[}"#, r#"{"a":1}x"#, "<html>"] {
            assert!(serde_json::from_str::<Lean>(text).is_err(), "{text}");
        }
    }
}
