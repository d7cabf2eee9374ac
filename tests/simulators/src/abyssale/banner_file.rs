//! A banner's file as the API shows it: its URLs and its name (contract 8).

use serde_json::{Value, json};
use uuid::Uuid;

use super::banner::Banner;
use super::file_type::FileType;
use super::knobs::seconds;
use super::{AbyssaleSimulator, Moment, event};

impl AbyssaleSimulator {
    /// The Banner object of this version.
    pub(super) fn banner_view(&self, id: Uuid, version: u32, at: Moment) -> Option<Value> {
        let banner = self.state.workspace.banners.version(id, version)?;
        Some(banner.view(&self.file_view(banner, at)))
    }

    /// The body of `NEW_BANNER`: exactly a Banner object (contract 3.4).
    pub(super) fn banner_fields(&self, id: Uuid, version: u32, at: Moment) -> Option<event::Fields> {
        let view = self.banner_view(id, version, at)?;
        let names = ["id", "version", "sharing_id", "file", "format", "template", "project", "image"];
        Some(names.into_iter().filter_map(|name| Some((name, view.get(name)?.clone()))).collect())
    }

    fn file_view(&self, banner: &Banner, at: Moment) -> Value {
        let mut file = json!({
            "type": banner.file_type.wire_name(),
            "url": self.banner_url("banners", banner, banner.file_type.extension(), at),
        });
        // A package is not on the content network, but has a picture that stands for it.
        if banner.file_type == FileType::Html5 {
            file["fallback_image_url"] = self.banner_url("fallback", banner, "jpg", at).into();
        } else {
            file["cdn_url"] = self.banner_url("cdn", banner, banner.file_type.extension(), at).into();
        }
        if !self.state.knobs.filename.is_empty() {
            file["filename"] = banner.named(&self.state.knobs.filename).into();
        }
        file
    }

    /// Where a banner's file is. The URL expires only if the knob says so.
    fn banner_url(&self, folder: &str, banner: &Banner, extension: &str, at: Moment) -> String {
        let version = if banner.version > 1 { format!("-v{}", banner.version) } else { String::new() };
        let path = format!("/{folder}/{}{version}.{extension}", banner.id);
        let knobs = &self.state.knobs;
        let Some(life) = knobs.file_expiry_seconds else { return format!("{}{path}", self.origins.files) };
        let from = banner.ready_at.filter(|_| !knobs.file_url_renewed).unwrap_or(at.now);
        self.sealed_url(&path, (from + seconds(life)).unix_timestamp())
    }
}
