//! Fields that several kinds have in common.

use serde_json::{Map, Value};

use crate::Fields;

/// The longest id that is taken. The provider's are UUIDs of 36 characters, and opaque (contract 9, row 22).
pub(super) const MAX_ID_BYTES: usize = 64;

/// A request as it is sent and remembered: only what the caller said.
pub(super) type Request = Map<String, Value>;

/// The id of a design, which becomes part of a path.
pub(super) fn design_id(fields: &mut Fields, request: &mut Request) {
    match fields.take("design_id") {
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("design_id".into(), id.into()),
        _ => fields.violation("design_id", "expected the id of a design"),
    }
}

/// Whether a text can stand in a path as it is.
pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Takes a field over if it passes, and notes what was expected if it does not.
pub(super) fn optional(
    fields: &mut Fields,
    request: &mut Request,
    name: &str,
    expected: &str,
    passes: impl Fn(&Value) -> bool,
) {
    match fields.take(name) {
        None => {}
        Some(value) if passes(&value) => _ = request.insert(name.into(), value),
        Some(_) => fields.violation(name, expected),
    }
}

/// A whole number in a range, both ends included.
pub(super) fn whole(range: std::ops::RangeInclusive<i64>) -> impl Fn(&Value) -> bool {
    move |value| value.as_i64().is_some_and(|number| range.contains(&number))
}

/// Overrides by layer: objects of properties. Where `texts` is set, a bare text stands for a layer's payload, which
/// only asynchronous generation tolerates (contract 3.1 and 4).
pub(super) fn layers(fields: &mut Fields, path: &str, value: &Value, texts: bool) {
    let Value::Object(layers) = value else {
        fields.violation(path, "expected an object: layer name to overrides");
        return;
    };
    for (name, overrides) in layers {
        let good = overrides.is_object() || texts && overrides.is_string();
        if !good {
            let expected = if texts { "expected an object or a text" } else { "expected an object" };
            fields.violation(format!("{path}.{name}"), expected);
        }
    }
}

/// Overrides by page: `page_1` and so on, each with its layers (contract 3.1).
pub(super) fn pages(fields: &mut Fields, request: &mut Request, required: bool) {
    match fields.take("pages") {
        Some(Value::Object(pages)) if !(required && pages.is_empty()) => {
            for (name, value) in &pages {
                let number = name.strip_prefix("page_").and_then(|number| number.parse::<u32>().ok());
                match number {
                    Some(1..) => layers(fields, &format!("pages.{name}"), value, true),
                    _ => fields.violation(format!("pages.{name}"), "expected page_1, page_2 and so on"),
                }
            }
            request.insert("pages".into(), pages.into());
        }
        None if !required => {}
        _ => fields.violation("pages", "expected an object: page_1, page_2 and so on to overrides"),
    }
}
