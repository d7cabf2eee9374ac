//! Exports: what was asked for, what was found, and the archive that comes of it (contract 2).

use std::collections::VecDeque;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::banner::Banner;
use super::delivery::{Content, Target};
use super::knobs::{Lenience, seconds};
use super::refusal::Refusal;
use super::validate::ExportBody;
use super::{AbyssaleSimulator, Moment, answer};

/// Bytes that a test chose to be an archive.
#[derive(Debug, Clone)]
pub(super) struct ChosenFile {
    pub(super) bytes: Bytes,
    pub(super) content_type: String,
}

/// One export.
#[derive(Debug, Clone)]
pub(super) struct Export {
    pub(super) id: Uuid,
    /// Made in the platform's user interface, not by the API.
    pub(super) platform: bool,
    pub(super) asked: Vec<Uuid>,
    pub(super) found: Vec<Banner>,
    pub(super) callback_url: Option<String>,
    pub(super) requested_at: OffsetDateTime,
    pub(super) generated_at: OffsetDateTime,
    /// Served instead of an archive of the banners.
    pub(super) chosen: Option<ChosenFile>,
    /// The one asset itself, not zipped, as the platform may export it (contract 2.4).
    pub(super) bare_file: bool,
    pub(super) downloads: u32,
    /// The archive, once it was asked for.
    pub(super) packed: Option<Bytes>,
}

/// All exports, and the files chosen for the next ones.
#[derive(Debug, Default)]
pub(super) struct Exports {
    all: Vec<Export>,
    chosen: VecDeque<ChosenFile>,
    accepted_posts: u32,
}

impl Exports {
    pub(super) fn find(&mut self, id: Uuid) -> Option<&mut Export> {
        self.all.iter_mut().find(|export| export.id == id)
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Export> {
        self.all.iter().find(|export| export.id == id)
    }

    /// The next `count` exports serve this file.
    pub(super) fn choose(&mut self, file: &ChosenFile, count: usize) {
        self.chosen.extend(std::iter::repeat_n(file, count).cloned());
    }

    pub(super) fn list(&self) -> Value {
        json!({
            "accepted_posts": self.accepted_posts,
            "chosen_archives": self.chosen.len(),
            "exports": self.all.iter().map(Export::view).collect::<Vec<_>>(),
        })
    }
}

impl Export {
    fn view(&self) -> Value {
        json!({
            "export_id": self.id,
            "source": if self.platform { "platform" } else { "api" },
            "ids": self.asked,
            "found": self.found.iter().map(|banner| banner.id).collect::<Vec<_>>(),
            "callback_url": self.callback_url,
            "requested_at": self.requested_at.unix_timestamp(),
            "generated_at": self.generated_at.unix_timestamp(),
            "downloads": self.downloads,
        })
    }
}

impl AbyssaleSimulator {
    /// `POST /async/banners/export`. `at_once` makes the event due without the usual latency.
    pub(super) fn accept_export(
        &mut self,
        body: ExportBody,
        at_once: bool,
        at: Moment,
    ) -> Result<Response<Bytes>, Refusal> {
        let found = self.found(&body.ids, at);
        let missing = body.ids.len() > found.len();
        let refuse = missing && self.state.knobs.missing_ids == Lenience::Refuse;
        if refuse || (found.is_empty() && !body.ids.is_empty()) {
            return Err(Refusal::visual_not_found());
        }
        self.state.exports.accepted_posts += 1;
        let id = self.start_export(body, found, Origin { platform: false, bare_file: false, at_once }, at);
        Ok(answer::json(StatusCode::OK, json!({"export_id": id}), &self.state.knobs))
    }

    /// Makes the export and schedules its event to the callback and to the subscriptions (contract 2.5).
    pub(super) fn start_export(
        &mut self,
        body: ExportBody,
        found: Vec<Banner>,
        origin: Origin,
        at: Moment,
    ) -> Uuid {
        let latency = if origin.at_once { 0.0 } else { self.state.knobs.export_latency_seconds };
        let export = Export {
            id: self.draw.next_uuid("export"),
            platform: origin.platform,
            asked: body.ids,
            found,
            callback_url: body.callback_url,
            requested_at: at.now,
            generated_at: at.now + seconds(latency),
            chosen: self.state.exports.chosen.pop_front(),
            bare_file: origin.bare_file,
            downloads: 0,
            packed: None,
        };
        let (id, due) = (export.id, export.generated_at);
        let callback = export.callback_url.clone();
        self.state.exports.all.push(export);
        if let Some(url) = callback {
            self.schedule(Target::Callback, url, Content::NewExport(id), due);
        }
        self.publish("new_export", None, &Content::NewExport(id), due);
        id
    }

    /// The banners of the workspace among `ids`, each once.
    pub(super) fn found(&self, ids: &[Uuid], at: Moment) -> Vec<Banner> {
        let mut found: Vec<Banner> = Vec::new();
        for banner in ids.iter().filter_map(|id| self.state.workspace.banners.get(*id, at.now)) {
            if found.iter().all(|known| known.id != banner.id) {
                found.push(banner.clone());
            }
        }
        found
    }
}

/// Where an export comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) platform: bool,
    pub(super) bare_file: bool,
    pub(super) at_once: bool,
}
