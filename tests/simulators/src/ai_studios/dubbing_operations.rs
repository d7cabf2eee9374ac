//! The dubbing calls of the API (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::account::object_id;
use crate::ai_studios::api_error::ApiError;
use crate::ai_studios::download_url;
use crate::ai_studios::dubbing::{DubbedVideo, DubbingFolder, MAX_LANGUAGES};
use crate::ai_studios::envelope::{self, ResponsePayload};
use crate::ai_studios::multipart;
use crate::ai_studios::progress_fields::format_progress;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// `POST /automation/translatevideos`.
pub(super) fn create_dubbing_folder(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    at: Moment,
) -> Result<Value, ApiError> {
    if !simulator.state.settings.dubbing.offered {
        return Err(ApiError::route_not_found());
    }
    let parts = multipart::parse_form(request)?;
    let source = |part: &&multipart::FormPart| {
        part.name == "url" && !part.content.is_empty() || part.name == "file" && part.file_name.is_some()
    };
    let source = parts.iter().find(source).ok_or_else(|| ApiError::invalid("file or url is required"))?;
    let name = source.file_name.clone().unwrap_or_else(|| source.text());
    let slots = (0..MAX_LANGUAGES).map(|number| format!("target_{number}"));
    let languages = slots.filter_map(|slot| parts.iter().find(|part| part.name == slot));
    let languages: Vec<String> = languages.map(multipart::FormPart::text).collect();
    if languages.is_empty() || languages.iter().any(|language| !language.contains('-')) {
        return Err(ApiError::invalid("target_0 must be a language such as en-US"));
    }
    let mut new_id = |label: &str| object_id(simulator.ids.next_hex(label));
    let id = new_id("folder");
    let videos = languages
        .into_iter()
        .map(|language| DubbedVideo { project_id: new_id("dubbed"), language })
        .collect();
    simulator.state.folders.push(DubbingFolder { id: id.clone(), name, started: at.now, videos });
    Ok(json!({"folderId": id}))
}

/// `GET /automation/translatevideos?folderId=`.
pub(super) fn show_dubbing_folder(
    simulator: &AiStudiosSimulator,
    query: &str,
    at: Moment,
) -> Result<ResponsePayload, ApiError> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let id = pairs.find(|(name, _)| name == "folderId").map(|(_, value)| value.into_owned());
    let id = id.ok_or_else(|| ApiError::invalid("folderId is required"))?;
    let folder = simulator.state.folders.iter().find(|folder| folder.id == id);
    let folder = folder.ok_or_else(|| {
        ApiError::new(crate::ai_studios::api_error::ErrorKind::Missing, "folder does not exist")
    })?;
    let items =
        folder.videos.iter().map(|video| dubbed_video_json(simulator, folder, video, "download_url", at));
    Ok(envelope::list_payload(items.collect(), simulator.state.settings.lists.dubbing, "items"))
}

/// Returns the same progress for `/editor/progress`, if the settings allow it.
pub(super) fn show_dubbed_progress(
    simulator: &AiStudiosSimulator,
    id: &str,
    at: Moment,
) -> Result<Value, ApiError> {
    let (folder, video) = find_dubbed_video(simulator, id).ok_or_else(ApiError::project_not_found)?;
    Ok(dubbed_video_json(simulator, folder, video, "downloadUrl", at))
}

fn find_dubbed_video<'a>(
    simulator: &'a AiStudiosSimulator,
    id: &str,
) -> Option<(&'a DubbingFolder, &'a DubbedVideo)> {
    simulator.state.folders.iter().find_map(|folder| {
        let video = folder.videos.iter().find(|video| video.project_id == id)?;
        Some((folder, video))
    })
}

/// Whether a dubbed video can be downloaded.
pub(super) fn is_dubbed_video_ready(simulator: &AiStudiosSimulator, id: &str, at: Moment) -> bool {
    let settings = &simulator.state.settings.dubbing;
    find_dubbed_video(simulator, id)
        .is_some_and(|(folder, video)| folder.status_at(video, settings, at.now).progress >= 100.0)
}

fn dubbed_video_json(
    simulator: &AiStudiosSimulator,
    folder: &DubbingFolder,
    video: &DubbedVideo,
    url: &str,
    at: Moment,
) -> Value {
    let status = folder.status_at(video, &simulator.state.settings.dubbing, at.now);
    let mut view = json!({
        "projectId": video.project_id,
        "name": format!("{} ({})", folder.name, video.language),
        "progress": format_progress(status.progress, simulator.state.settings.progress.number),
    });
    if status.failed {
        view["state"] = simulator.state.settings.invented.states.error.as_str().into();
    }
    if status.progress >= 100.0 {
        view[url] = download_url::media_url(simulator, &simulator.state.settings, &video.project_id).into();
    }
    view
}
