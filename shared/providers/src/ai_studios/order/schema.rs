//! JSON Schemas of the orders for AI Studios: the same rules as the validation, for readers who do not know Rust.

use serde_json::{Value, json};

use super::{EXPORT, MAX_ID_BYTES, RESOLUTIONS};
use crate::order_schema::{OrderSchema, optional, with_description};

/// Returns the schemas of all orders.
pub(crate) fn order_schemas() -> Vec<OrderSchema> {
    vec![export(), tracking()]
}

fn export() -> OrderSchema {
    let pixels = RESOLUTIONS.iter().filter_map(|text| text.parse::<u32>().ok().map(Value::from));
    let texts = RESOLUTIONS.iter().map(|text| json!(text));
    let resolutions: Vec<Value> = texts.chain(pixels).chain([Value::Null]).collect();
    let resolution = with_description(
        json!({ "type": ["string", "integer", "null"], "enum": resolutions }),
        "The length of the shorter edge in pixels, or `4k`.",
    );
    OrderSchema {
        kind: EXPORT,
        variant: "",
        description: "Renders and exports the video of a project.",
        fields: vec![
            ("project_id", project()),
            ("workspace_id", optional(with_description(id(), "The workspace of the project."))),
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
        description: "Waits for the video of a project whose export was started elsewhere. No export is submitted.",
        fields: vec![("project_id", project()), ("track", track)],
        required: &["project_id", "track"],
        example: json!({ "project_id": "66b1f0c2a9d3e84f57c10a2b", "track": true }),
    }
}

fn id() -> Value {
    json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]+$", "maxLength": MAX_ID_BYTES })
}

fn project() -> Value {
    with_description(id(), "The id of the project: the end of its URL in the editor.")
}
