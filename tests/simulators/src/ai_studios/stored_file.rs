//! Finds the file of a download path.

use bytes::Bytes;

use crate::ai_studios::dubbing_operations;
use crate::ai_studios::project_settings;
use crate::ai_studios::settings::{Settings, seconds};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// The folder to which a redirect without a location leads.
pub(super) const REDIRECT_FOLDER: &str = "moved";

/// A file that can be downloaded.
pub(super) struct StoredFile {
    pub(super) content: StoredContent,
    /// The index of the project, if the file is the video of an export.
    pub(super) index: Option<usize>,
    pub(super) settings: Settings,
}

/// What is in a file.
pub(super) enum StoredContent {
    /// A video that this note makes distinct, such as its export's `backendTaskId`.
    Video { note: String },
    /// A generated file and its type.
    Generated(Bytes, &'static str),
}

/// Returns the file of a path: the latest video of a project, that of a task, a dubbed or a generated one.
pub(super) fn find_file(simulator: &AiStudiosSimulator, path: &str, at: Moment) -> Option<StoredFile> {
    let (folder, file) = path.trim_start_matches('/').split_once('/')?;
    let stored = find_generated(simulator, file, at).or_else(|| find_video(simulator, file, at))?;
    (folder == REDIRECT_FOLDER || folder == stored.settings.invented.media_folder).then_some(stored)
}

/// Returns a generated file that still exists.
fn find_generated(simulator: &AiStudiosSimulator, file: &str, at: Moment) -> Option<StoredFile> {
    let settings = &simulator.state.settings;
    let asset = simulator.state.assets.iter().find(|asset| asset.file_name == file)?;
    let lifetime = settings.tools.asset_lifetime_seconds;
    if lifetime.is_some_and(|lifetime| at.now >= asset.created + seconds(lifetime)) {
        return None;
    }
    let content = match &asset.content {
        Some(content) => StoredContent::Generated(content.clone(), asset.content_type),
        None => StoredContent::Video { note: asset.file_name.clone() },
    };
    Some(StoredFile { content, index: None, settings: settings.clone() })
}

fn find_video(simulator: &AiStudiosSimulator, file: &str, at: Moment) -> Option<StoredFile> {
    let name = file.strip_suffix(".mp4")?;
    let projects = &simulator.state.projects;
    let by_id = || {
        let index = projects.index_of(name, at.now)?;
        Some((index, projects.at(index).latest_exported(at.now)?))
    };
    let by_task = || {
        let (project, run) = projects.find_by_task(name).filter(|(_, run)| run.is_exported(at.now))?;
        Some((projects.index_of(&project.id, at.now)?, run))
    };
    if let Some((index, run)) = by_id().or_else(by_task) {
        return Some(StoredFile {
            content: StoredContent::Video { note: run.task.clone() },
            index: Some(index),
            settings: project_settings::settings_for_project(simulator, index),
        });
    }
    dubbing_operations::is_dubbed_video_ready(simulator, name, at).then(|| StoredFile {
        content: StoredContent::Video { note: name.to_owned() },
        index: None,
        settings: simulator.state.settings.clone(),
    })
}

/// Whether the URL has expired or was revoked. The first download revokes all URLs shown before it.
pub(super) fn is_url_expired(
    simulator: &mut AiStudiosSimulator,
    stored: &StoredFile,
    query: &str,
    at: Moment,
) -> bool {
    let field = |requested: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == requested).and_then(|(_, value)| value.parse::<i64>().ok())
    };
    let limited = stored.settings.files.url_lifetime_seconds.is_some();
    if limited && field("expires").is_none_or(|expires| at.now.unix_timestamp() >= expires) {
        return true;
    }
    let Some(index) = stored.index.filter(|_| stored.settings.files.first_urls_revoked) else {
        return false;
    };
    let project = simulator.state.projects.at_mut(index);
    let revoked = *project.urls_revoked.get_or_insert(project.urls_shown);
    field("v").is_none_or(|version| version <= i64::from(revoked))
}
