//! Reads an order for the video of an existing project (contract 2), or for one that was requested elsewhere.

use serde_json::Value;

use super::field_validators::{Request, read_export_options, read_project_id};
use crate::RequestFields;

pub(super) fn read_export(fields: &mut RequestFields) -> Request {
    let mut request = Request::new();
    read_project_id(fields, &mut request);
    read_export_options(fields, &mut request);
    let is_tracked = read_flag(fields, "track");
    let is_exported = read_flag(fields, "export");
    if is_exported && !is_tracked {
        fields.add_violation("export", "not allowed without track: an export is always requested then");
    }
    if is_tracked {
        request.insert("track".into(), true.into());
        if is_exported {
            request.insert("export".into(), true.into());
        } else {
            reject_export_options(fields, &request);
        }
    }
    request
}

/// An order that only tracks a project has no export options: it requests no export (contract 7).
fn reject_export_options(fields: &mut RequestFields, request: &Request) {
    for name in ["resolution", "workspace_id"] {
        if request.contains_key(name) {
            fields
                .add_violation(name, "not allowed with track, which starts no export unless export is true");
        }
    }
}

fn read_flag(fields: &mut RequestFields, name: &str) -> bool {
    match fields.take(name) {
        None => false,
        Some(Value::Bool(flag)) => flag,
        Some(_) => {
            fields.add_violation(name, "expected true or false");
            false
        }
    }
}
