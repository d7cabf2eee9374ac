//! Exports: the requested banners, the found banners and the archive (contract 2).

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::banner::Banner;
use crate::abyssale::custom_file::CustomFile;

/// One export.
#[derive(Debug, Clone)]
pub(super) struct Export {
    pub(super) id: Uuid,
    /// Made in the platform's user interface, not through the API.
    pub(super) platform: bool,
    pub(super) requested: Vec<Uuid>,
    pub(super) found: Vec<Banner>,
    pub(super) callback_url: Option<String>,
    pub(super) requested_at: OffsetDateTime,
    pub(super) generated_at: OffsetDateTime,
    /// Served instead of an archive of the banners.
    pub(super) custom: Option<CustomFile>,
    /// Serves the single asset itself, not zipped, as the platform may export it (contract 2.4).
    pub(super) bare_file: bool,
    pub(super) downloads: u32,
    /// The archive, once it was downloaded.
    pub(super) packed: Option<Bytes>,
}

/// All exports, and the custom archives of the next ones.
#[derive(Debug, Default)]
pub(super) struct Exports {
    pub(super) all: Vec<Export>,
    pub(super) custom: VecDeque<CustomFile>,
    pub(super) accepted_posts: u32,
}

impl Exports {
    pub(super) fn find(&mut self, id: Uuid) -> Option<&mut Export> {
        self.all.iter_mut().find(|export| export.id == id)
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Export> {
        self.all.iter().find(|export| export.id == id)
    }

    /// Makes the next `count` exports serve this file.
    pub(super) fn queue_custom_file(&mut self, file: &CustomFile, count: usize) {
        self.custom.extend(std::iter::repeat_n(file, count).cloned());
    }

    pub(super) fn list(&self) -> Value {
        json!({
            "accepted_posts": self.accepted_posts,
            "chosen_archives": self.custom.len(),
            "exports": self.all.iter().map(Export::view).collect::<Vec<_>>(),
        })
    }
}

impl Export {
    fn view(&self) -> Value {
        json!({
            "export_id": self.id,
            "source": if self.platform { "platform" } else { "api" },
            "ids": self.requested,
            "found": self.found.iter().map(|banner| banner.id).collect::<Vec<_>>(),
            "callback_url": self.callback_url,
            "requested_at": self.requested_at.unix_timestamp(),
            "generated_at": self.generated_at.unix_timestamp(),
            "downloads": self.downloads,
        })
    }
}
