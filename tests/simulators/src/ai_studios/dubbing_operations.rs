//! DUBOPS

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::account::object_id;
use crate::ai_studios::api_error::Refusal;
use crate::ai_studios::download_url;
use crate::ai_studios::dubbing::{Dubbed, Folder, LANGUAGES};
use crate::ai_studios::envelope;
use crate::ai_studios::envelope::Payload;
use crate::ai_studios::multipart;
use crate::ai_studios::progress_fields::number;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// `POST /automation/translatevideos`.
pub(super) fn dub(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, Refusal> {
    if !simulator.state.knobs.dubbing.offered {
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
    let mut draw = |label: &str| object_id(simulator.draw.next_hex(label));
    let id = draw("folder");
    let videos =
        languages.into_iter().map(|language| Dubbed { project_id: draw("dubbed"), language }).collect();
    simulator.state.folders.push(Folder { id: id.clone(), name, started: at.now, videos });
    Ok(json!({"folderId": id}))
}

/// `GET /automation/translatevideos?folderId=`.
pub(super) fn dubbing_folder(
    simulator: &AiStudiosSimulator,
    query: &str,
    at: Moment,
) -> Result<Payload, Refusal> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let id = pairs.find(|(name, _)| name == "folderId").map(|(_, value)| value.into_owned());
    let id = id.ok_or_else(|| Refusal::invalid("folderId is required"))?;
    let folder = simulator.state.folders.iter().find(|folder| folder.id == id);
    let folder = folder
        .ok_or_else(|| Refusal::new(crate::ai_studios::api_error::Why::Missing, "folder does not exist"))?;
    let items = folder.videos.iter().map(|video| dubbed_view(simulator, folder, video, "download_url", at));
    Ok(envelope::list(items.collect(), simulator.state.knobs.lists.dubbing, "items"))
}

/// The same progress at `/editor/progress`, where a knob allows it.
pub(super) fn dubbed_progress(
    simulator: &AiStudiosSimulator,
    id: &str,
    at: Moment,
) -> Result<Value, Refusal> {
    let (folder, video) = dubbed(simulator, id).ok_or_else(Refusal::no_project)?;
    Ok(dubbed_view(simulator, folder, video, "downloadUrl", at))
}

fn dubbed<'a>(simulator: &'a AiStudiosSimulator, id: &str) -> Option<(&'a Folder, &'a Dubbed)> {
    simulator.state.folders.iter().find_map(|folder| {
        let video = folder.videos.iter().find(|video| video.project_id == id)?;
        Some((folder, video))
    })
}

/// Whether a dubbed video lies at the download origin.
pub(super) fn dubbed_is_ready(simulator: &AiStudiosSimulator, id: &str, at: Moment) -> bool {
    let knobs = &simulator.state.knobs.dubbing;
    dubbed(simulator, id)
        .is_some_and(|(folder, video)| folder.standing(video, knobs, at.now).progress >= 100.0)
}

fn dubbed_view(
    simulator: &AiStudiosSimulator,
    folder: &Folder,
    video: &Dubbed,
    url: &str,
    at: Moment,
) -> Value {
    let standing = folder.standing(video, &simulator.state.knobs.dubbing, at.now);
    let mut view = json!({
        "projectId": video.project_id,
        "name": format!("{} ({})", folder.name, video.language),
        "progress": number(standing.progress, simulator.state.knobs.progress.number),
    });
    if standing.failed {
        view["state"] = simulator.state.knobs.invented.states.error.as_str().into();
    }
    if standing.progress >= 100.0 {
        view[url] = download_url::media_url(simulator, &simulator.state.knobs, &video.project_id).into();
    }
    view
}
