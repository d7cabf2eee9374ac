//! A banner's file in the API: its URLs and its name (contract 8).

use serde_json::{Value, json};
use uuid::Uuid;

use crate::abyssale::banner::Banner;
use crate::abyssale::event_body;
use crate::abyssale::file_type::FileType;
use crate::abyssale::settings::seconds;
use crate::abyssale::signed_url;
use crate::abyssale::state::AbyssaleSimulator;
use crate::virtual_clock::Moment;

/// Returns the Banner object of this version.
pub(super) fn banner_view(
    simulator: &AbyssaleSimulator,
    id: Uuid,
    version: u32,
    at: Moment,
) -> Option<Value> {
    let banner = simulator.state.workspace.banners.version(id, version)?;
    Some(banner.view(&file_view(simulator, banner, at)))
}

/// Returns the body of `NEW_BANNER`: exactly a Banner object (contract 3.4).
pub(super) fn banner_fields(
    simulator: &AbyssaleSimulator,
    id: Uuid,
    version: u32,
    at: Moment,
) -> Option<event_body::EventFields> {
    let view = banner_view(simulator, id, version, at)?;
    let names = [
        "id",
        "version",
        "sharing_id",
        "file",
        "format",
        "template",
        "project",
        "image",
        "edit_url",
        "view_url",
        "visual_status",
    ];
    Some(names.into_iter().filter_map(|name| Some((name, view.get(name)?.clone()))).collect())
}

fn file_view(simulator: &AbyssaleSimulator, banner: &Banner, at: Moment) -> Value {
    let mut file = json!({
        "type": banner.file_type.wire_name(),
        "url": banner_url(simulator, "banners", banner, banner.file_type.extension(), at),
    });
    // An HTML5 package is not on the CDN, but has a fallback image.
    if banner.file_type == FileType::Html5 {
        file["fallback_image_url"] = banner_url(simulator, "fallback", banner, "jpg", at).into();
    } else {
        file["cdn_url"] = banner_url(simulator, "cdn", banner, banner.file_type.extension(), at).into();
    }
    if !simulator.state.settings.filename.is_empty() {
        file["filename"] = banner.fill_pattern(&simulator.state.settings.filename).into();
    }
    file
}

/// Returns the URL of a banner's file. It expires only if the settings say so.
fn banner_url(
    simulator: &AbyssaleSimulator,
    folder: &str,
    banner: &Banner,
    extension: &str,
    at: Moment,
) -> String {
    let version = if banner.version > 1 { format!("-v{}", banner.version) } else { String::new() };
    let path = format!("/{folder}/{}{version}.{extension}", banner.id);
    let settings = &simulator.state.settings;
    let Some(lifetime) = settings.file_expiry_seconds else {
        return format!("{}{path}", simulator.origins.files);
    };
    let from = banner.ready_at.filter(|_| !settings.file_url_renewed).unwrap_or(at.now);
    signed_url::sign_url(simulator, &path, (from + seconds(lifetime)).unix_timestamp())
}
