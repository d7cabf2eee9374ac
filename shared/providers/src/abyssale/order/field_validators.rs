//! Reads and validates the fields that several kinds of work have in common.

use serde_json::{Map, Value};

use crate::RequestFields;

/// The maximum length of an id. The provider's ids are UUIDs of 36 characters, and opaque (contract 9, row 22).
pub(super) const MAX_ID_BYTES: usize = 64;

/// A validated request, with only the caller's fields.
pub(super) type Request = Map<String, Value>;

/// What an override of a layer may be. A text stands for the payload of the layer (contract 3.1 and 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerOverride {
    /// An object of properties.
    Object,
    /// An object or a text, which only asynchronous generation accepts.
    ObjectOrText,
}

/// Whether the field `pages` is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PagesField {
    Required,
    Optional,
}

/// Reads the id of a design, which becomes a part of the path.
pub(super) fn read_design_id(fields: &mut RequestFields, request: &mut Request) {
    match fields.take("design_id") {
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("design_id".into(), id.into()),
        _ => fields.add_violation("design_id", "expected the id of a design"),
    }
}

/// Whether a text is an id that is valid in a path without encoding.
pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Returns a check for an integer within an inclusive range.
pub(super) fn is_integer_in(range: std::ops::RangeInclusive<i64>) -> impl Fn(&Value) -> bool {
    move |value| value.as_i64().is_some_and(|number| range.contains(&number))
}

/// Validates the overrides of layers.
pub(super) fn validate_layers(
    fields: &mut RequestFields,
    path: &str,
    value: &Value,
    accepted: LayerOverride,
) {
    let Value::Object(layers) = value else {
        fields.add_violation(path, "expected an object: layer name to overrides");
        return;
    };
    let (accepts_text, expected) = match accepted {
        LayerOverride::Object => (false, "expected an object"),
        LayerOverride::ObjectOrText => (true, "expected an object or a text"),
    };
    for (name, overrides) in layers {
        if !(overrides.is_object() || accepts_text && overrides.is_string()) {
            fields.add_violation(format!("{path}.{name}"), expected);
        }
    }
}

/// Reads the overrides of pages: `page_1` and so on, each with its layers (contract 3.1).
pub(super) fn read_pages(fields: &mut RequestFields, request: &mut Request, presence: PagesField) {
    let is_required = presence == PagesField::Required;
    match fields.take("pages") {
        Some(Value::Object(pages)) if !(is_required && pages.is_empty()) => {
            for (name, value) in &pages {
                let number = name.strip_prefix("page_").and_then(|number| number.parse::<u32>().ok());
                match number {
                    Some(1..) => {
                        validate_layers(fields, &format!("pages.{name}"), value, LayerOverride::ObjectOrText)
                    }
                    _ => fields.add_violation(format!("pages.{name}"), "expected page_1, page_2 and so on"),
                }
            }
            request.insert("pages".into(), pages.into());
        }
        None if !is_required => {}
        _ => fields.add_violation("pages", "expected an object: page_1, page_2 and so on to overrides"),
    }
}
