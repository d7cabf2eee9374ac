//! Reads an order for changes to a project and its video (contract 7, "Edit + export").

use serde_json::{Map, Value};

use super::field_validators::{MAX_JSON_BYTES, Request, read_export_options, read_project_id};
use crate::RequestFields;

/// The types of clips that can be changed.
pub(super) const CLIP_TYPES: [&str; 7] =
    ["aiModel", "shape", "image", "textImage", "videoImage", "audio", "background"];

pub(super) fn read_edit_project(fields: &mut RequestFields) -> Request {
    let mut request = Request::new();
    read_project_id(fields, &mut request);
    match fields.take("updates") {
        Some(Value::Array(updates)) if !updates.is_empty() => {
            for (index, update) in updates.iter().enumerate() {
                validate_update(fields, &format!("updates[{index}]"), update);
            }
            insert_updates(fields, &mut request, updates);
        }
        _ => fields.add_violation("updates", "expected a list of at least one change"),
    }
    read_export_options(fields, &mut request);
    request
}

fn insert_updates(fields: &mut RequestFields, request: &mut Request, updates: Vec<Value>) {
    let updates = Value::Array(updates);
    match updates.to_string().len() <= MAX_JSON_BYTES {
        true => _ = request.insert("updates".into(), updates),
        false => fields.add_violation("updates", format!("expected at most {MAX_JSON_BYTES} bytes of JSON")),
    }
}

fn validate_update(fields: &mut RequestFields, path: &str, update: &Value) {
    let Value::Object(members) = update else {
        return fields.add_violation(path, "expected an object with scene_idx, type and values");
    };
    let mut require =
        |members: &Map<String, Value>, name: &str, expected: &str, is_valid: fn(&Value) -> bool| {
            if !members.get(name).is_some_and(is_valid) {
                fields.add_violation(format!("{path}.{name}"), expected);
            }
        };
    require(members, "scene_idx", "expected the index of a scene, from 0", |value| value.as_u64().is_some());
    let expected = format!("expected one of: {}", CLIP_TYPES.join(", "));
    require(members, "type", &expected, |value| {
        value.as_str().is_some_and(|name| CLIP_TYPES.contains(&name))
    });
    require(members, "values", "expected an object of what changes", Value::is_object);
    for name in members.keys().filter(|name| !["scene_idx", "type", "values"].contains(&name.as_str())) {
        fields.add_violation(format!("{path}.{name}"), "unknown field");
    }
}
