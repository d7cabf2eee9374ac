//! Schemas of the fields that several kinds of work have in common.

use serde_json::{Value, json};

use crate::{
    ai_studios::order::field_validators::{MAX_ID_BYTES, RESOLUTIONS},
    order_schema::{optional, with_description},
};

pub(super) fn id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]+$", "maxLength": MAX_ID_BYTES })
}

pub(super) fn project() -> Value {
    with_description(id(), "The id of the project: the end of its URL in the editor.")
}

/// A text of at most `max_chars` characters, of which one is no space.
pub(super) fn text(max_chars: usize) -> Value {
    json!({ "type": "string", "pattern": r"\S", "minLength": 1, "maxLength": max_chars })
}

/// The options of every export.
pub(super) fn export_options() -> [(&'static str, Value); 2] {
    let pixels = RESOLUTIONS.iter().filter_map(|text| text.parse::<u32>().ok().map(Value::from));
    let texts = RESOLUTIONS.iter().map(|text| json!(text));
    let resolutions: Vec<Value> = texts.chain(pixels).chain([Value::Null]).collect();
    let resolution = with_description(
        json!({ "type": ["string", "integer", "null"], "enum": resolutions }),
        "The length of the shorter edge in pixels, or `4k`.",
    );
    [
        ("workspace_id", optional(with_description(id(), "The workspace of the project."))),
        ("resolution", resolution),
    ]
}
