//! Banners: finished files of designs, and their representation in the API (contract 8).

use std::collections::HashMap;

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::custom_file::CustomFile;
use crate::abyssale::design::{Design, Designs, Sheet};
use crate::abyssale::file_type::FileType;
use crate::abyssale::project::Project;

/// The quality of a JPEG when the request specifies none (contract 3.1: 100 is the best).
const DEFAULT_QUALITY: u8 = 88;

/// The texts of an HTML5 banner's page (contract 3.1, `html5`).
#[derive(Debug, Clone)]
pub(super) struct Html5Page {
    pub(super) title: String,
    pub(super) click_tag: String,
}

impl Default for Html5Page {
    fn default() -> Self {
        Self {
            title: "Abyssale page title example".to_owned(),
            click_tag: "https://www.abyssale.com".to_owned(),
        }
    }
}

/// One version of a finished banner.
#[derive(Debug, Clone)]
pub(super) struct Banner {
    pub(super) id: Uuid,
    /// Counted from 1.
    pub(super) version: u32,
    pub(super) sharing_id: Uuid,
    /// Counted from 1 over the workspace; drawn on the image.
    pub(super) number: u32,
    pub(super) design: Uuid,
    pub(super) design_name: String,
    /// When the design was created and updated, in Unix seconds.
    pub(super) design_times: (i64, i64),
    pub(super) project: Option<Project>,
    /// The format's name; a multipage document has none.
    pub(super) format: Option<String>,
    pub(super) unit: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) file_type: FileType,
    pub(super) quality: u8,
    pub(super) pages: usize,
    pub(super) crop_marks: bool,
    pub(super) page: Html5Page,
    /// Hidden before this time.
    pub(super) ready_at: Option<OffsetDateTime>,
    /// Served instead of a rendered file.
    pub(super) custom: Option<CustomFile>,
}

impl Banner {
    /// Creates a banner of one format, or of the whole document if `sheet` is none. Its ids are not set yet.
    pub(super) fn of(design: &Design, designs: &Designs, sheet: Option<&Sheet>, file_type: FileType) -> Self {
        let size = sheet.or(design.sheets.first());
        Self {
            id: Uuid::nil(),
            version: 1,
            sharing_id: Uuid::nil(),
            number: 0,
            design: design.id,
            design_name: design.name.clone(),
            design_times: (design.created_at, design.updated_at),
            project: designs.project(design.project).cloned(),
            format: sheet.map(|sheet| sheet.name.clone()),
            unit: size.map_or("px", |size| size.unit),
            width: size.map_or(1.0, |size| size.width),
            height: size.map_or(1.0, |size| size.height),
            file_type,
            quality: DEFAULT_QUALITY,
            pages: if sheet.is_some() { 1 } else { design.sheets.len() },
            crop_marks: false,
            page: Html5Page::default(),
            ready_at: None,
            custom: None,
        }
    }

    /// Returns the name of its file in an archive. The contract gives no rule for it (section 11).
    pub(super) fn file_name(&self) -> String {
        self.fill_pattern("{design}-{number}-{format}.{extension}")
    }

    /// Fills the placeholders of `pattern` with this banner's values.
    pub(super) fn fill_pattern(&self, pattern: &str) -> String {
        let version = if self.version > 1 { format!("-v{}", self.version) } else { String::new() };
        let format = format!("{}{version}", self.format.as_deref().unwrap_or("document"));
        pattern
            .replace("{design}", &self.design_name.to_lowercase().replace(' ', "-"))
            .replace("{number}", &format!("{:02}", self.number))
            .replace("{format}", &format)
            .replace("{extension}", self.file_type.extension())
    }

    pub(super) fn is_ready(&self, now: OffsetDateTime) -> bool {
        self.ready_at.is_none_or(|from| from <= now)
    }

    /// Returns the Banner object. Its `version` is the file's counter, so it carries no API version stamp
    /// (contract 1.1).
    pub(super) fn view(&self, file: &Value) -> Value {
        let mut format =
            json!({"unit": self.unit, "width": measure(self.width), "height": measure(self.height)});
        if let Some(name) = &self.format {
            format["id"] = name.as_str().into();
        }
        let mut view = json!({
            "id": self.id,
            "version": self.version,
            "sharing_id": self.sharing_id,
            "file": file,
            "format": format,
            "template": {
                "id": self.design,
                "name": self.design_name,
                "created_at": self.design_times.0,
                "updated_at": self.design_times.1,
            },
            "image": {"type": file["type"], "url": file["url"], "cdn_url": file["cdn_url"]},
            "edit_url": format!("https://app.abyssale.com/banners/{}/edit", self.id),
            "view_url": format!("https://app.abyssale.com/banners/{}", self.id),
            "visual_status": {"status": "NONE", "status_updated_at_ts": self.design_times.1},
        });
        if let Some(project) = &self.project {
            view["project"] = project.view();
        }
        view
    }
}

/// Formats a length, without a fraction if it is whole.
pub(super) fn measure(length: f64) -> Value {
    let whole = format!("{length}").parse::<i64>();
    whole.map_or_else(|_| json!(length), |whole| json!(whole))
}

/// All banners with all their versions.
#[derive(Debug, Default)]
pub(super) struct Banners {
    all: Vec<Banner>,
    indexes: HashMap<Uuid, Vec<usize>>,
}

impl Banners {
    pub(super) fn add(&mut self, banner: Banner) {
        self.indexes.entry(banner.id).or_default().push(self.all.len());
        self.all.push(banner);
    }

    /// Returns the number of the next banner.
    pub(super) fn next_number(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX - 1) + 1
    }

    /// Returns the versions of a banner, oldest first.
    fn versions(&self, id: Uuid) -> impl DoubleEndedIterator<Item = &Banner> {
        self.indexes.get(&id).into_iter().flatten().map(|index| &self.all[*index])
    }

    /// Returns the newest version that is ready.
    pub(super) fn get(&self, id: Uuid, now: OffsetDateTime) -> Option<&Banner> {
        self.versions(id).rev().find(|banner| banner.is_ready(now))
    }

    /// Returns this version, ready or not.
    pub(super) fn version(&self, id: Uuid, version: u32) -> Option<&Banner> {
        self.versions(id).find(|banner| banner.version == version)
    }

    /// Returns the highest version of this sharing id so far.
    pub(super) fn last_version(&self, sharing_id: Uuid) -> u32 {
        let versions = self.all.iter().filter(|banner| banner.sharing_id == sharing_id);
        versions.map(|banner| banner.version).max().unwrap_or_default()
    }

    /// Returns the ids of the oldest `count` banners.
    pub(super) fn first(&self, count: usize) -> Vec<Uuid> {
        self.all.iter().take(count).map(|banner| banner.id).collect()
    }

    /// Returns every version of every banner.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[Banner] {
        &self.all
    }
}
