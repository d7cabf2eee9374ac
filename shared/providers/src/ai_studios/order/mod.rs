//! What a caller may order from AI Studios, checked before anybody is asked (contract 2).

use model::Error;
use serde_json::{Map, Value};

use crate::{Fields, Order};

/// The video of an existing project (contract 2).
pub(super) const EXPORT: &str = "export";

/// The longest id that is taken. Samples have 24 hexadecimal digits, and the format is not promised.
pub(super) const MAX_ID_BYTES: usize = 128;

/// What the provider renders; longer edges are for plans that have them (contract 2).
pub(super) const RESOLUTIONS: [&str; 4] = ["4k", "1080", "720", "480"];

/// Checks a caller's fields. Only what was said is kept, since the provider has defaults of its own (contract 2, E2).
pub(super) fn read(kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
    if kind != EXPORT {
        return Err(Error::invalid("kind", format!("expected {EXPORT}")));
    }
    let mut fields = Fields::new(fields);
    let mut request = Map::new();
    match fields.take("project_id") {
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("project_id".into(), id.into()),
        _ => fields.violation("project_id", "expected the id of a project, as its editor's address ends"),
    }
    match fields.take("workspace_id") {
        None => {}
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("workspace_id".into(), id.into()),
        Some(_) => fields.violation("workspace_id", "expected the id of a workspace"),
    }
    match fields.take("resolution").map(|value| resolution(&value)) {
        None => {}
        Some(Some(resolution)) => _ = request.insert("resolution".into(), resolution.into()),
        Some(None) => fields.violation("resolution", format!("expected one of: {}", RESOLUTIONS.join(", "))),
    }
    match fields.take("track") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => track(&mut fields, &mut request),
        Some(_) => fields.violation("track", "expected true or false"),
    }
    fields.finish()?;
    Ok(Order { kind: kind.to_owned(), request: Value::Object(request), expected: Some(1) })
}

/// Only waits for a project that somebody else had rendered (contract 7), so there is nothing to choose.
fn track(fields: &mut Fields, request: &mut Map<String, Value>) {
    for name in ["resolution", "workspace_id"] {
        if request.contains_key(name) {
            fields.violation(name, "a project that is only tracked is not exported; leave it out");
        }
    }
    request.insert("track".into(), true.into());
}

/// A text of the list, or a number of pixels that stands in it.
fn resolution(value: &Value) -> Option<&'static str> {
    let known = |text: &str| RESOLUTIONS.into_iter().find(|known| *known == text);
    match value {
        Value::String(text) => known(text),
        Value::Number(number) => known(&number.to_string()),
        _ => None,
    }
}

/// Whether a text can stand in a path as it is.
pub(super) fn is_id(text: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(request: Value) -> Result<Order, Error> {
        read(EXPORT, request.as_object().cloned().expect("an object"))
    }

    #[test]
    fn a_request_keeps_what_was_said_and_nothing_else() {
        for (asked, kept) in [
            (json!({ "project_id": "66b1" }), json!({ "project_id": "66b1" })),
            (
                json!({ "project_id": "66b1", "workspace_id": "6641", "resolution": "4k", "track": false }),
                json!({ "project_id": "66b1", "workspace_id": "6641", "resolution": "4k" }),
            ),
            (
                json!({ "project_id": "66b1", "resolution": 720, "workspace_id": null }),
                json!({ "project_id": "66b1", "resolution": "720" }),
            ),
            (json!({ "project_id": "66b1", "track": true }), json!({ "project_id": "66b1", "track": true })),
        ] {
            let order = order(asked).expect("a good request");
            assert_eq!((order.request, order.expected), (kept, Some(1)));
        }
    }

    #[test]
    fn every_broken_rule_is_named() {
        for (asked, named) in [
            (json!({}), vec!["project_id"]),
            (json!({ "project_id": "" }), vec!["project_id"]),
            (json!({ "project_id": "../x" }), vec!["project_id"]),
            (json!({ "project_id": 7, "workspace_id": "a/b" }), vec!["project_id", "workspace_id"]),
            (json!({ "project_id": "p", "resolution": "4K" }), vec!["resolution"]),
            (json!({ "project_id": "p", "resolution": 1080.5 }), vec!["resolution"]),
            (json!({ "project_id": "p", "resolution": true }), vec!["resolution"]),
            (json!({ "project_id": "p", "track": "yes" }), vec!["track"]),
            (json!({ "project_id": "p", "track": true, "resolution": "720" }), vec!["resolution"]),
            (json!({ "project_id": "p", "webhookUrl": "https://x" }), vec!["webhookUrl"]),
        ] {
            let error = order(asked.clone()).expect_err("a bad request");
            let fields: Vec<&str> =
                error.violations.iter().map(|violation| violation.field.as_str()).collect();
            assert_eq!(fields, named, "{asked}");
        }
    }
}
