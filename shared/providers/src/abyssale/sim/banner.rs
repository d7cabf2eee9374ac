//! A banner as the API shows it (contract 8).

use serde_json::{Value, json};

use super::workspace::{Banner, MADE_AT, Workspace};

/// The Banner object. Its `version` is the file's counter, so it carries no API stamp (contract 1.1).
pub(super) fn view(banner: &Banner, workspace: &Workspace, files: &str) -> Value {
    let filename = banner.file_name();
    let url = format!("{files}/banners/{}.{}", banner.id, banner.file.extension());
    json!({
        "id": banner.id,
        "version": 1,
        "sharing_id": banner.sharing_id,
        "file": {"type": banner.file.wire_name(), "url": url, "cdn_url": url, "filename": filename},
        "format": {"id": banner.format, "unit": "px", "width": banner.width, "height": banner.height},
        "template": {
            "id": workspace.designs.fixed.first(),
            "name": "Spring",
            "created_at": MADE_AT,
            "updated_at": MADE_AT + 100,
        },
        "project": {"id": workspace.project, "name": "Landfall", "created_at_ts": MADE_AT - 100},
        "image": {"type": banner.file.wire_name(), "url": url, "cdn_url": url},
    })
}
