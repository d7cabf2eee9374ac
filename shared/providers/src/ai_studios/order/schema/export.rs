//! Schemas of an export: a new one, a tracked one, and a tracked one that is requested where nobody did.

use serde_json::{Value, json};

use super::common::{export_options, project};
use crate::{
    ai_studios::order::kind::Kind,
    order_schema::{OrderSchema, with_description},
};

pub(super) fn schemas() -> Vec<OrderSchema> {
    vec![export(), tracking(), tracking_with_export()]
}

fn export() -> OrderSchema {
    let [workspace, resolution] = export_options();
    OrderSchema {
        kind: Kind::Export.name(),
        variant: "",
        description: "Renders and exports the video of a project.",
        fields: vec![("project_id", project()), workspace, resolution, ("track", off()), ("export", off())],
        required: &["project_id"],
        example: json!({ "project_id": "66b1f0c2a9d3e84f57c10a2b", "resolution": "1080" }),
    }
}

fn tracking() -> OrderSchema {
    OrderSchema {
        kind: Kind::Export.name(),
        variant: "Tracking",
        description: "Waits for the video of a project whose export was started elsewhere. No export is submitted.",
        fields: vec![("project_id", project()), ("track", on()), ("export", off())],
        required: &["project_id", "track"],
        example: json!({ "project_id": "66b1f0c2a9d3e84f57c10a2b", "track": true }),
    }
}

fn tracking_with_export() -> OrderSchema {
    let [workspace, resolution] = export_options();
    let export = with_description(on(), "Exports the project, unless it is exported already.");
    OrderSchema {
        kind: Kind::Export.name(),
        variant: "TrackingWithExport",
        description: "Waits until an automation has made a project, and exports it unless somebody did.",
        fields: vec![("project_id", project()), workspace, resolution, ("track", on()), ("export", export)],
        required: &["project_id", "track", "export"],
        example: json!({ "project_id": "66b1f0c2a9d3e84f57c10a2b", "track": true, "export": true }),
    }
}

fn on() -> Value {
    json!({ "type": "boolean", "const": true })
}

fn off() -> Value {
    json!({ "type": ["boolean", "null"], "enum": [false, null] })
}
