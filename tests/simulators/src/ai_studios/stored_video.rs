//! Finds the video of a download path.

use crate::ai_studios::dubbing_operations;
use crate::ai_studios::project_settings;
use crate::ai_studios::settings::Settings;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// The folder to which a redirect without a location leads.
pub(super) const REDIRECT_FOLDER: &str = "moved";

/// A video that can be downloaded.
pub(super) struct StoredVideo {
    /// Makes the video distinct: its export's `backendTaskId`.
    pub(super) note: String,
    /// The index of the project, unless the video was dubbed.
    pub(super) index: Option<usize>,
    pub(super) settings: Settings,
}

/// Returns the video of a path: the latest of a project, that of a task, or a dubbed one.
pub(super) fn find_video(simulator: &AiStudiosSimulator, path: &str, at: Moment) -> Option<StoredVideo> {
    let (folder, file) = path.trim_start_matches('/').split_once('/')?;
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
    let stored = if let Some((index, run)) = by_id().or_else(by_task) {
        StoredVideo {
            note: run.task.clone(),
            index: Some(index),
            settings: project_settings::settings_for_project(simulator, index),
        }
    } else if dubbing_operations::is_dubbed_video_ready(simulator, name, at) {
        StoredVideo { note: name.to_owned(), index: None, settings: simulator.state.settings.clone() }
    } else {
        return None;
    };
    (folder == REDIRECT_FOLDER || folder == stored.settings.invented.media_folder).then_some(stored)
}

/// Whether the URL has expired or was revoked. The first download revokes all URLs shown before it.
pub(super) fn is_url_expired(
    simulator: &mut AiStudiosSimulator,
    stored: &StoredVideo,
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
