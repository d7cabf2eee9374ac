//! Schemas of new and of changed projects.

use serde_json::{Value, json};

use super::common::{export_options, project, text};
use crate::{
    ai_studios::order::{
        create_project::ORIENTATIONS, edit_project::CLIP_TYPES, field_validators::MAX_WORDS_CHARS, kind::Kind,
    },
    order_schema::{OrderSchema, optional, with_description},
};

pub(super) fn create() -> OrderSchema {
    let [workspace, resolution] = export_options();
    let scene = json!({
        "type": "object",
        "properties": {
            "sceneIdx": { "type": "integer", "minimum": 0 },
            "scripts": { "type": "array" },
            "clips": { "type": "array" },
        },
    });
    let scenes = json!({ "type": "array", "minItems": 1, "items": scene });
    let scene_example =
        json!({ "sceneIdx": 0, "background": {}, "clips": [], "scripts": [{ "org": "Welcome." }] });
    OrderSchema {
        kind: Kind::CreateProject.name(),
        variant: "",
        description: "Makes a project of scenes, and renders and exports its video.",
        fields: vec![
            ("name", optional(with_description(text(MAX_WORDS_CHARS), "The name of the project."))),
            ("orientation", optional(json!({ "type": "string", "enum": ORIENTATIONS }))),
            ("scenes", with_description(scenes, "AI Studios' own JSON of scenes, sent unchanged.")),
            workspace,
            resolution,
        ],
        required: &["scenes"],
        example: json!({ "name": "Welcome", "scenes": [scene_example] }),
    }
}

pub(super) fn edit() -> OrderSchema {
    let [workspace, resolution] = export_options();
    OrderSchema {
        kind: Kind::EditProject.name(),
        variant: "",
        description: "Changes clips of a project, and renders and exports its video.",
        fields: vec![("project_id", project()), ("updates", updates()), workspace, resolution],
        required: &["project_id", "updates"],
        example: json!({
            "project_id": "66b1f0c2a9d3e84f57c10a2b",
            "updates": [{ "scene_idx": 0, "type": "aiModel", "values": { "script": "A new text." } }],
        }),
    }
}

fn updates() -> Value {
    let values = with_description(json!({ "type": "object" }), "AI Studios' own JSON of what changes.");
    let update = json!({
        "type": "object",
        "properties": {
            "scene_idx": { "type": "integer", "minimum": 0 },
            "type": { "type": "string", "enum": CLIP_TYPES },
            "values": values,
        },
        "required": ["scene_idx", "type", "values"],
        "additionalProperties": false,
    });
    with_description(json!({ "type": "array", "minItems": 1, "items": update }), "The changes, by clip.")
}
