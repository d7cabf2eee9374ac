//! Reads an order for a new project and its video (contract 7, "Create + export").
//!
//! A scene is the provider's own JSON, as its editor exports it, and is sent unchanged. The provider says of most of
//! its members only that the function "may not work properly" without them, so they are not validated.

use serde_json::Value;

use super::field_validators::{MAX_JSON_BYTES, MAX_WORDS_CHARS, Request, is_text, read_export_options};
use crate::{RequestFields, validate_request_fields::read_optional};

/// The orientations of a project.
pub(super) const ORIENTATIONS: [&str; 2] = ["landscape", "portrait"];

/// A member of a scene: its name, what is expected, and the check of its value.
type SceneMember = (&'static str, &'static str, fn(&Value) -> bool);

/// The members of a scene whose type the provider documents.
const SCENE_MEMBERS: [SceneMember; 3] = [
    ("sceneIdx", "expected a whole number", |value| value.as_u64().is_some()),
    ("scripts", "expected an array", Value::is_array),
    ("clips", "expected an array", Value::is_array),
];

pub(super) fn read_create_project(fields: &mut RequestFields) -> Request {
    let mut request = Request::new();
    let expected = format!("expected a text of at most {MAX_WORDS_CHARS} characters");
    read_optional(fields, &mut request, "name", &expected, |name| is_text(name, MAX_WORDS_CHARS));
    let expected = format!("expected one of: {}", ORIENTATIONS.join(", "));
    let is_orientation = |value: &Value| value.as_str().is_some_and(|text| ORIENTATIONS.contains(&text));
    read_optional(fields, &mut request, "orientation", &expected, is_orientation);
    read_scenes(fields, &mut request);
    read_export_options(fields, &mut request);
    request
}

fn read_scenes(fields: &mut RequestFields, request: &mut Request) {
    let Some(Value::Array(scenes)) = fields.take("scenes").filter(|scenes| *scenes != Value::Array(vec![]))
    else {
        return fields.add_violation("scenes", "expected a list of at least one scene");
    };
    for (index, scene) in scenes.iter().enumerate() {
        let Value::Object(members) = scene else {
            fields.add_violation(format!("scenes[{index}]"), "expected an object");
            continue;
        };
        for (name, expected, is_valid) in SCENE_MEMBERS {
            if members.get(name).is_some_and(|value| !is_valid(value)) {
                fields.add_violation(format!("scenes[{index}].{name}"), expected);
            }
        }
    }
    let scenes = Value::Array(scenes);
    if scenes.to_string().len() > MAX_JSON_BYTES {
        return fields.add_violation("scenes", format!("expected at most {MAX_JSON_BYTES} bytes of JSON"));
    }
    request.insert("scenes".into(), scenes);
}
