//! Reads the folder of a dubbing: an item for each language, with its progress and its video.

use serde_json::Value;

use crate::ai_studios::{
    envelope::list_items,
    export_status::{
        progress::ExportProgress,
        status_rules::{ExportStatus, decide_status},
    },
    lenient_values::{read_id, read_text},
};

/// The names that a field with the language of an item may have. The page has no such field.
const LANGUAGE_FIELDS: [&str; 6] =
    ["language", "target", "targetLanguage", "target_language", "languageCode", "locale"];

/// One item of a folder: the video in one language.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DubbedItem {
    /// The provider's id of its project.
    pub(super) project_id: Option<String>,
    /// The provider's name for it.
    pub(super) name: Option<String>,
    /// The language, if the item states it.
    pub(super) stated_language: Option<String>,
    /// What the response reports of it.
    pub(super) progress: ExportProgress,
    /// Whether it has an error, which some failures may show in place of a state.
    has_error: bool,
}

impl DubbedItem {
    fn read(fields: &Value) -> Self {
        Self {
            project_id: read_id(fields, &["projectId", "project_id", "_id", "id"]),
            name: read_text(fields, &["name"]).map(str::to_owned),
            stated_language: read_text(fields, &LANGUAGE_FIELDS).map(str::to_owned),
            progress: ExportProgress::read(fields),
            has_error: fields.get("error").is_some_and(|error| error.is_object() || error.is_string()),
        }
    }

    /// Decides the status of the item, as that of an export (contract 3.2).
    pub(super) fn status(&self) -> ExportStatus {
        match decide_status(&self.progress) {
            ExportStatus::Pending(_) | ExportStatus::Finalizing if self.has_error => ExportStatus::Failed,
            status => status,
        }
    }

    /// Returns a text that changes when the item does. It holds no URL, since a URL may be signed anew for each poll.
    pub(super) fn fingerprint(&self) -> String {
        let id = self.project_id.as_deref().or(self.name.as_deref()).unwrap_or_default();
        let id = &id[..id.floor_char_boundary(64)];
        let percent = self.progress.percent.map(|percent| percent.to_string()).unwrap_or_default();
        let state = self.progress.state.as_deref().unwrap_or_default();
        let state = &state[..state.floor_char_boundary(64)];
        format!("{id} {percent} {state} {}", self.progress.url.is_some())
    }
}

/// Reads the items of a folder, in every shape that a list may have. A folder of one language may be the item itself.
pub(super) fn read_folder(payload: Value) -> Vec<DubbedItem> {
    let is_item = |value: &Value| {
        ["projectId", "progress", "download_url"].iter().any(|name| value.get(*name).is_some())
    };
    if is_item(&payload) {
        return vec![DubbedItem::read(&payload)];
    }
    // The page has a table of one item and no sample, so the name of a field with the list is unknown.
    let fields = payload.as_object().into_iter().flatten();
    let list = fields.filter(|(_, value)| value.is_array()).map(|(name, _)| name.clone()).next();
    let items = list_items(payload, &list.unwrap_or_default());
    items.iter().filter(|item| is_item(item)).map(DubbedItem::read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn folders_of_every_shape_are_read() {
        let item = json!({ "projectId": "p1", "name": "Talk_ko-KR", "progress": 12.5 });
        for payload in [
            json!([item]),
            json!({ "projects": [item] }),
            json!({ "folderId": "f", "items": [item] }),
            json!({ "0": item }),
            item.clone(),
            json!([item, {}, 7]),
        ] {
            let items = read_folder(payload.clone());
            assert_eq!(items, [DubbedItem::read(&item)], "{payload}");
            assert_eq!(
                (items[0].project_id.as_deref(), items[0].progress.percent),
                (Some("p1"), Some(12.5)),
                "{payload}"
            );
        }
        for empty in [json!([]), json!({}), json!({ "projects": [] }), json!({ "folderId": "f" })] {
            assert_eq!(read_folder(empty.clone()), [], "{empty}");
        }
    }

    #[test]
    fn an_item_fails_by_its_state_or_its_error() {
        let status = |fields: Value| DubbedItem::read(&fields).status();
        let video = "https://media.aistudios.com/a.mp4";
        assert_eq!(status(json!({ "progress": 40, "state": "error" })), ExportStatus::Failed);
        assert_eq!(status(json!({ "progress": 40, "error": { "msg": "no speech" } })), ExportStatus::Failed);
        assert_eq!(status(json!({ "progress": 40, "error": null })), ExportStatus::Pending(Some(40.0)));
        assert_eq!(status(json!({ "progress": 100, "error": "none" })), ExportStatus::Failed);
        assert_eq!(status(json!({ "progress": 100 })), ExportStatus::Finalizing);
        assert_eq!(
            status(json!({ "progress": 100, "download_url": video })),
            ExportStatus::Ready(video.to_owned())
        );
        assert_eq!(
            status(json!({ "progress": 40, "download_url": video })),
            ExportStatus::Pending(Some(40.0))
        );
    }

    #[test]
    fn a_newly_signed_url_is_no_change() {
        let item = |query: &str| {
            let url = format!("https://media.aistudios.com/a.mp4?{query}");
            DubbedItem::read(&json!({ "projectId": "p", "progress": 100, "download_url": url })).fingerprint()
        };
        assert_eq!(item("Signature=1"), item("Signature=2"));
        let at =
            |percent: f64| DubbedItem::read(&json!({ "projectId": "p", "progress": percent })).fingerprint();
        assert_ne!(at(1.0), at(1.5));
    }
}
