//! Validates an order for AI Studios before any request is sent (contract 2).

#[cfg(feature = "schema")]
mod schema;

use model::Error;
use serde_json::{Map, Value};

use crate::{Order, RequestFields};

#[cfg(feature = "schema")]
pub(super) use schema::order_schemas;

/// The kind of work that exports the video of an existing project (contract 2).
pub(super) const EXPORT: &str = "export";

/// The maximum length of an id. Samples have 24 hexadecimal digits, and the format is not documented.
const MAX_ID_BYTES: usize = 128;

/// The resolutions that the provider renders. The larger ones require a plan that includes them (contract 2).
const RESOLUTIONS: [&str; 4] = ["4k", "1080", "720", "480"];

/// Validates the fields of a request. Fields that the caller leaves out stay absent, since the provider has its own
/// defaults (contract 2, E2).
pub(super) fn read_order(kind: &str, fields: Map<String, Value>) -> Result<Order, Error> {
    if kind != EXPORT {
        return Err(Error::invalid("kind", format!("expected {EXPORT}")));
    }
    let mut fields = RequestFields::new(fields);
    let mut request = Map::new();
    match fields.take("project_id") {
        Some(Value::String(id)) if is_id(&id) => _ = request.insert("project_id".into(), id.into()),
        _ => fields
            .add_violation("project_id", "expected the id of a project: the end of its URL in the editor"),
    }
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
    match fields.take("track") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => read_tracking(&mut fields, &mut request),
        Some(_) => fields.add_violation("track", "expected true or false"),
    }
    fields.finish()?;
    Ok(Order { kind: kind.to_owned(), request: Value::Object(request), expected_files: Some(1) })
}

/// Validates an order that tracks an export which was started elsewhere (contract 7). It has no export options.
fn read_tracking(fields: &mut RequestFields, request: &mut Map<String, Value>) {
    for name in ["resolution", "workspace_id"] {
        if request.contains_key(name) {
            fields.add_violation(name, "not allowed with track, which starts no export");
        }
    }
    request.insert("track".into(), true.into());
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

/// Whether a text is an id that is valid in a path without encoding.
pub(super) fn is_id(text: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(request: Value) -> Result<Order, Error> {
        read_order(EXPORT, request.as_object().cloned().expect("an object"))
    }

    #[test]
    fn an_order_holds_only_the_fields_of_the_request() {
        for (request, expected) in [
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
            let order = order(request).expect("a valid request");
            assert_eq!((order.request, order.expected_files), (expected, Some(1)));
        }
    }

    #[test]
    fn every_invalid_field_is_named() {
        for (request, named) in [
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
            let error = order(request.clone()).expect_err("an invalid request");
            let fields: Vec<&str> =
                error.violations.iter().map(|violation| violation.field.as_str()).collect();
            assert_eq!(fields, named, "{request}");
        }
    }
}
