//! Reads and validates the fields that several kinds of work have in common.

use serde_json::{Map, Value};

use crate::RequestFields;

/// The maximum length of an id. Samples have 24 hexadecimal digits, and the format is not documented.
pub(super) const MAX_ID_BYTES: usize = 128;
/// The maximum length of a name, a code or a description, in characters. No limit is documented.
pub(super) const MAX_WORDS_CHARS: usize = 500;
/// The maximum length of a script, in characters. No limit is documented; the job's record has to hold the text.
pub(super) const MAX_SCRIPT_CHARS: usize = 50_000;
/// The maximum length of the provider's own JSON in a request, in bytes. The job's record has to hold it.
pub(super) const MAX_JSON_BYTES: usize = 128 * 1024;

/// The resolutions that the provider renders. The larger ones require a plan that includes them (contract 2).
pub(super) const RESOLUTIONS: [&str; 4] = ["4k", "1080", "720", "480"];

/// A validated request, with only the caller's fields.
pub(super) type Request = Map<String, Value>;

/// Reads the id of a project, which becomes a part of paths.
pub(super) fn read_project_id(fields: &mut RequestFields, request: &mut Request) {
    match fields.take("project_id") {
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("project_id".into(), id.into()),
        _ => fields
            .add_violation("project_id", "expected the id of a project: the end of its URL in the editor"),
    }
}

/// Reads the options of every export: `workspace_id` and `resolution` (contract 2).
pub(super) fn read_export_options(fields: &mut RequestFields, request: &mut Request) {
    match fields.take("workspace_id") {
        None => {}
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("workspace_id".into(), id.into()),
        Some(_) => fields.add_violation("workspace_id", "expected the id of a workspace"),
    }
    match fields.take("resolution").map(|value| parse_resolution(&value)) {
        None => {}
        Some(Some(resolution)) => _ = request.insert("resolution".into(), resolution.into()),
        Some(None) => {
            fields.add_violation("resolution", format!("expected one of: {}", RESOLUTIONS.join(", ")))
        }
    }
}

/// Reads a required text of at most `max_chars` characters.
pub(super) fn read_text(fields: &mut RequestFields, request: &mut Request, name: &str, max_chars: usize) {
    match fields.take(name) {
        Some(value) if is_text(&value, max_chars) => _ = request.insert(name.into(), value),
        _ => fields.add_violation(name, format!("expected a text of at most {max_chars} characters")),
    }
}

/// Whether a value is a text with at least one character that is no space.
pub(super) fn is_text(value: &Value, max_chars: usize) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= max_chars)
}

/// Whether a text is an id that is valid in a path without encoding.
pub(crate) fn is_id(text: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(safe)
}

/// Parses a text of the list, or a number of pixels in it.
fn parse_resolution(value: &Value) -> Option<&'static str> {
    let known = |text: &str| RESOLUTIONS.into_iter().find(|known| *known == text);
    match value {
        Value::String(text) => known(text),
        Value::Number(number) => known(&number.to_string()),
        _ => None,
    }
}
