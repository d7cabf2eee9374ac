//! Dubbing: a folder of videos, one for each language (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::account::object_id;
use super::envelope::{self, Payload};
use super::knobs::account::Dubbing;
use super::progress::number;
use super::refusal::Refusal;
use super::{AiStudiosSimulator, Moment, multipart};

/// The most languages of one call.
const LANGUAGES: usize = 10;
/// Where a failing language stops.
const FAILS_AT: f64 = 40.0;

/// The videos of one call.
#[derive(Debug)]
pub(super) struct Folder {
    id: String,
    name: String,
    started: OffsetDateTime,
    videos: Vec<Dubbed>,
}

/// A video in one language.
#[derive(Debug)]
struct Dubbed {
    project_id: String,
    language: String,
}

/// How a video stands.
struct Standing {
    progress: f64,
    failed: bool,
}

impl Folder {
    fn standing(&self, video: &Dubbed, knobs: &Dubbing, now: OffsetDateTime) -> Standing {
        let elapsed = (now - self.started).as_seconds_f64().max(0.0);
        let reached = (100.0 * elapsed / knobs.ramp_seconds.max(f64::MIN_POSITIVE)).min(100.0);
        let failed = knobs.failing.contains(&video.language) && reached >= FAILS_AT;
        let progress = if failed { FAILS_AT } else { (reached * 100.0).floor() / 100.0 };
        Standing { progress, failed }
    }
}

impl AiStudiosSimulator {
    /// `POST /automation/translatevideos`.
    pub(super) fn dub(&mut self, request: &Request<Bytes>, at: Moment) -> Result<Value, Refusal> {
        if !self.state.knobs.dubbing.offered {
            return Err(Refusal::no_route());
        }
        let parts = multipart::read(request)?;
        let source = |part: &&multipart::Part| {
            part.name == "url" && !part.content.is_empty() || part.name == "file" && part.file_name.is_some()
        };
        let source = parts.iter().find(source).ok_or_else(|| Refusal::invalid("file or url is required"))?;
        let name = source.file_name.clone().unwrap_or_else(|| source.text());
        let slots = (0..LANGUAGES).map(|number| format!("target_{number}"));
        let languages = slots.filter_map(|slot| parts.iter().find(|part| part.name == slot));
        let languages: Vec<String> = languages.map(multipart::Part::text).collect();
        if languages.is_empty() || languages.iter().any(|language| !language.contains('-')) {
            return Err(Refusal::invalid("target_0 must be a language such as en-US"));
        }
        let mut draw = |label: &str| object_id(self.draw.next_hex(label));
        let id = draw("folder");
        let videos =
            languages.into_iter().map(|language| Dubbed { project_id: draw("dubbed"), language }).collect();
        self.state.folders.push(Folder { id: id.clone(), name, started: at.now, videos });
        Ok(json!({"folderId": id}))
    }

    /// `GET /automation/translatevideos?folderId=`.
    pub(super) fn dubbing_folder(&self, query: &str, at: Moment) -> Result<Payload, Refusal> {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let id = pairs.find(|(name, _)| name == "folderId").map(|(_, value)| value.into_owned());
        let id = id.ok_or_else(|| Refusal::invalid("folderId is required"))?;
        let folder = self.state.folders.iter().find(|folder| folder.id == id);
        let folder =
            folder.ok_or_else(|| Refusal::new(super::refusal::Why::Missing, "folder does not exist"))?;
        let items = folder.videos.iter().map(|video| self.dubbed_view(folder, video, "download_url", at));
        Ok(envelope::list(items.collect(), self.state.knobs.lists.dubbing, "items"))
    }

    /// The same progress at `/editor/progress`, where a knob allows it.
    pub(super) fn dubbed_progress(&self, id: &str, at: Moment) -> Result<Value, Refusal> {
        let (folder, video) = self.dubbed(id).ok_or_else(Refusal::no_project)?;
        Ok(self.dubbed_view(folder, video, "downloadUrl", at))
    }

    fn dubbed(&self, id: &str) -> Option<(&Folder, &Dubbed)> {
        self.state.folders.iter().find_map(|folder| {
            let video = folder.videos.iter().find(|video| video.project_id == id)?;
            Some((folder, video))
        })
    }

    /// Whether a dubbed video lies at the download origin.
    pub(super) fn dubbed_is_ready(&self, id: &str, at: Moment) -> bool {
        let knobs = &self.state.knobs.dubbing;
        self.dubbed(id).is_some_and(|(folder, video)| folder.standing(video, knobs, at.now).progress >= 100.0)
    }

    fn dubbed_view(&self, folder: &Folder, video: &Dubbed, url: &str, at: Moment) -> Value {
        let standing = folder.standing(video, &self.state.knobs.dubbing, at.now);
        let mut view = json!({
            "projectId": video.project_id,
            "name": format!("{} ({})", folder.name, video.language),
            "progress": number(standing.progress, self.state.knobs.progress.number),
        });
        if standing.failed {
            view["state"] = self.state.knobs.invented.states.error.as_str().into();
        }
        if standing.progress >= 100.0 {
            view[url] = self.media_url(&self.state.knobs, &video.project_id).into();
        }
        view
    }
}
