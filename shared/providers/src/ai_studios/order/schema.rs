//! What may be ordered from AI Studios, as JSON Schema: the same rules as in `order`, for those who read no Rust.

use serde_json::{Value, json};

use super::order::{EXPORT, MAX_ID_BYTES, RESOLUTIONS};
use crate::schema::{OrderSchema, described, optional};

/// Every way to order something.
pub(super) fn schemas() -> Vec<OrderSchema> {
    vec![export(), tracking()]
}

fn export() -> OrderSchema {
    let pixels = RESOLUTIONS.iter().filter_map(|text| text.parse::<u32>().ok().map(Value::from));
    let texts = RESOLUTIONS.iter().map(|text| json!(text));
    let resolutions: Vec<Value> = texts.chain(pixels).chain([Value::Null]).collect();
    let resolution = described(
        json!({ "type": ["string", "integer", "null"], "enum": resolutions }),
        "The shorter edge in pixels, or `4k`.",
    );
    OrderSchema {
        kind: EXPORT,
        variant: "",
        description: "The video of a project, which is rendered.",
        fields: vec![
            ("project_id", project()),
            ("workspace_id", optional(described(id(), "The workspace of the project."))),
            ("resolution", resolution),
            ("track", json!({ "type": ["boolean", "null"], "enum": [false, null] })),
        ],
        required: &["project_id"],
        example: json!({ "project_id": "66b1f0c2a9d3e84f57c10a2b", "resolution": "1080" }),
    }
}

fn tracking() -> OrderSchema {
    let track = json!({ "type": "boolean", "const": true });
    OrderSchema {
        kind: EXPORT,
        variant: "Tracking",
        description: "The video of a project that somebody else had rendered, or that a tool is rendering. No export is \
                      asked for.",
        fields: vec![("project_id", project()), ("track", track)],
        required: &["project_id", "track"],
        example: json!({ "project_id": "66b1f0c2a9d3e84f57c10a2b", "track": true }),
    }
}

fn id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]+$", "maxLength": MAX_ID_BYTES })
}

fn project() -> Value {
    described(id(), "The project, as its editor's address ends.")
}
