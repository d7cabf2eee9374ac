//! The dubbing calls of the API (contract 7).

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::ai_studios::account::object_id;
use crate::ai_studios::api_error::{ApiError, ErrorKind};
use crate::ai_studios::download_url;
use crate::ai_studios::dubbing::{DubbedVideo, DubbingFolder};
use crate::ai_studios::dubbing_request;
use crate::ai_studios::envelope::{self, ResponsePayload};
use crate::ai_studios::field_check::FieldPolicies;
use crate::ai_studios::multipart;
use crate::ai_studios::progress_fields::{FAILURE_MESSAGE, format_progress};
use crate::ai_studios::settings::dubbing::{FailureForm, ItemOrder};
use crate::ai_studios::settings::progress::EarlyUrl;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// `POST /automation/translatevideos`.
pub(super) fn create_dubbing_folder(
    simulator: &mut AiStudiosSimulator,
    request: &Request<Bytes>,
    policies: FieldPolicies,
    at: Moment,
) -> Result<Value, ApiError> {
    let settings = &simulator.state.settings;
    if !settings.dubbing.offered {
        return Err(ApiError::route_not_found());
    }
    let parts = multipart::parse_form(request)?;
    let requested = dubbing_request::read_dubbing_request(&parts, &settings.dubbing, policies)?;
    let languages = u32::try_from(requested.languages.len()).unwrap_or(u32::MAX);
    let price = settings.dubbing.credit.saturating_mul(languages);
    simulator.state.exports.charge(settings.export.credits, price)?;
    let mut new_id = |label: &str| object_id(simulator.ids.next_hex(label));
    let id = new_id("folder");
    let videos = (0..)
        .zip(requested.languages)
        .map(|(number, language)| DubbedVideo { project_id: new_id("dubbed"), language, number })
        .collect();
    simulator.state.folders.push(DubbingFolder {
        id: id.clone(),
        name: requested.source,
        started: at.now,
        videos,
    });
    Ok(json!({"folderId": id}))
}

/// `GET /automation/translatevideos?folderId=`.
pub(super) fn show_dubbing_folder(
    simulator: &AiStudiosSimulator,
    query: &str,
    at: Moment,
) -> Result<ResponsePayload, ApiError> {
    let settings = &simulator.state.settings;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let id = pairs.find(|(name, _)| name == "folderId").map(|(_, value)| value.into_owned());
    let id = id.ok_or_else(|| ApiError::invalid("folderId is required"))?;
    let folder = simulator.state.folders.iter().find(|folder| folder.id == id);
    let folder = folder.filter(|folder| folder.is_older_than(settings.dubbing.missing_seconds, at.now));
    let folder = folder.ok_or_else(|| ApiError::new(ErrorKind::Missing, "folder does not exist"))?;
    let mut items = Vec::new();
    let empty = settings.dubbing.missing_seconds + settings.dubbing.items_after_seconds;
    if folder.is_older_than(empty, at.now) {
        let field = settings.dubbing.url_field.name();
        items
            .extend(folder.videos.iter().map(|video| dubbed_video_json(simulator, folder, video, field, at)));
    }
    if settings.dubbing.order == ItemOrder::Reversed {
        items.reverse();
    }
    Ok(envelope::list_payload(items, settings.lists.dubbing, "items"))
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
        .is_some_and(|(folder, video)| folder.status_at(video, settings, at.now).ready)
}

fn dubbed_video_json(
    simulator: &AiStudiosSimulator,
    folder: &DubbingFolder,
    video: &DubbedVideo,
    url_field: &str,
    at: Moment,
) -> Value {
    let settings = &simulator.state.settings;
    let status = folder.status_at(video, &settings.dubbing, at.now);
    let name = match settings.dubbing.named_by_language {
        true => format!("{} ({})", folder.name, video.language),
        false => folder.name.clone(),
    };
    let progress = format_progress(status.progress, settings.progress.number);
    let mut view = json!({"projectId": video.project_id, "name": name, "progress": progress});
    if status.failed && settings.dubbing.failure != FailureForm::Silent {
        view["state"] = settings.invented.states.error.as_str().into();
    }
    if status.failed && settings.dubbing.failure == FailureForm::Error {
        view["error"] = json!({"code": settings.invented.codes.internal, "msg": FAILURE_MESSAGE});
    }
    match (status.ready, settings.progress.early_url) {
        (true, _) => {
            let file = format!("{}.mp4", video.project_id);
            view[url_field] = download_url::file_url(simulator, &file, at).into();
        }
        (false, EarlyUrl::Absent) => {}
        (false, EarlyUrl::Null) => view[url_field] = Value::Null,
        (false, EarlyUrl::Empty) => view[url_field] = "".into(),
    }
    view
}
