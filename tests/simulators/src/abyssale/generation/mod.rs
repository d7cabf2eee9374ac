//! Asynchronous generations: their requests, results and times (contract 3).

pub(super) mod accept_generation;
pub(super) mod banner_plan;
pub(super) mod generation_body;
pub(super) mod layer_overrides;
pub(super) mod operation;
pub(super) mod poll_response;
pub(super) mod synchronous_render;

use std::collections::VecDeque;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::abyssale::custom_file::CustomFile;

/// Results are kept for seven days (contract 3.3).
const RETENTION: Duration = Duration::days(7);

/// A format that failed.
#[derive(Debug, Clone)]
pub(super) struct FormatFailure {
    /// `None` for a multipage document.
    pub(super) format: Option<String>,
    pub(super) reason: String,
}

/// The stage of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GenerationStage {
    Queued,
    Running,
    Final,
    /// Expired after seven days.
    Gone,
}

/// One asynchronous generation.
#[derive(Debug, Clone)]
pub(super) struct Generation {
    pub(super) id: Uuid,
    pub(super) design: Uuid,
    pub(super) callback_url: Option<String>,
    pub(super) requested_at: OffsetDateTime,
    pub(super) starts_at: OffsetDateTime,
    /// `None` if it never ends.
    pub(super) ends_at: Option<OffsetDateTime>,
    /// Banners with their versions, in the order of the formats.
    pub(super) banners: Vec<(Uuid, u32)>,
    pub(super) failures: Vec<FormatFailure>,
    pub(super) polls: u32,
}

impl Generation {
    pub(super) fn stage(&self, now: OffsetDateTime) -> GenerationStage {
        if now > self.requested_at + RETENTION {
            GenerationStage::Gone
        } else if self.ends_at.is_some_and(|end| end <= now) {
            GenerationStage::Final
        } else if self.starts_at <= now {
            GenerationStage::Running
        } else {
            GenerationStage::Queued
        }
    }

    /// Returns the generation as the Admin endpoint shows it.
    fn view(&self, now: OffsetDateTime) -> Value {
        let stage = match self.stage(now) {
            GenerationStage::Queued => "QUEUED",
            GenerationStage::Running => "RUNNING",
            GenerationStage::Final => "FINAL",
            GenerationStage::Gone => "GONE",
        };
        json!({
            "generation_request_id": self.id,
            "design_id": self.design,
            "state": stage,
            "callback_url": self.callback_url,
            "requested_at": self.requested_at.unix_timestamp(),
            "finalized_at": self.ends_at.map(OffsetDateTime::unix_timestamp),
            "banner_ids": self.banners.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            "errors": self.failures.iter().map(FormatFailure::view).collect::<Vec<_>>(),
            "polls": self.polls,
        })
    }
}

impl FormatFailure {
    /// Returns the failure as the API shows it (contract 3.3).
    pub(super) fn view(&self) -> Value {
        let mut view = json!({"reason": self.reason});
        if let Some(format) = &self.format {
            view["template_format_name"] = format.as_str().into();
        }
        view
    }
}

/// All generations, and the custom files of the next banners.
#[derive(Debug, Default)]
pub(super) struct Generations {
    all: Vec<Generation>,
    custom: VecDeque<(Option<String>, CustomFile)>,
    accepted_posts: u32,
    /// The number of synchronous renders.
    pub(super) renders: u32,
    /// The number of banners made. Each costs one credit.
    pub(super) credits_consumed: u32,
}

impl Generations {
    pub(super) fn get(&self, id: Uuid) -> Option<&Generation> {
        self.all.iter().find(|generation| generation.id == id)
    }

    fn get_mut(&mut self, id: Uuid) -> Option<&mut Generation> {
        self.all.iter_mut().find(|generation| generation.id == id)
    }

    /// Makes the next `count` banners, or those of one format, serve this file.
    pub(super) fn queue_custom_file(&mut self, file: &CustomFile, format: Option<&str>, count: usize) {
        let custom = (format.map(str::to_owned), file.clone());
        self.custom.extend(std::iter::repeat_n(custom, count));
    }

    /// Takes the custom file for a banner of this format.
    fn take_custom_file(&mut self, format: Option<&str>) -> Option<CustomFile> {
        let fits = |requested: &Option<String>| requested.is_none() || requested.as_deref() == format;
        let index = self.custom.iter().position(|(requested, _)| fits(requested))?;
        self.custom.remove(index).map(|(_, file)| file)
    }

    pub(super) fn list(&self, now: OffsetDateTime) -> Value {
        json!({
            "accepted_posts": self.accepted_posts,
            "synchronous_renders": self.renders,
            "credits_consumed": self.credits_consumed,
            "chosen_files": self.custom.len(),
            "generations": self.all.iter().map(|generation| generation.view(now)).collect::<Vec<_>>(),
        })
    }
}
