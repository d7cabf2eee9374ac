//! Download URLs and their validity (contract 6.4).

use crate::ai_studios::project_settings;
use crate::ai_studios::settings::files::FileName;
use crate::ai_studios::settings::{Settings, seconds};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// Returns the URL of an export's video as shown at this moment.
pub(super) fn download_url(
    simulator: &mut AiStudiosSimulator,
    index: usize,
    task: &str,
    at: Moment,
) -> String {
    let settings = project_settings::settings_for_project(simulator, index);
    let project = simulator.state.projects.at_mut(index);
    let name = match settings.files.name {
        FileName::Project => project.id.clone(),
        FileName::Task => task.to_owned(),
    };
    let mut query = Vec::new();
    if settings.files.first_urls_revoked {
        project.urls_shown += 1;
        query.push(format!("v={}", project.urls_shown));
    }
    if let Some(lifetime) = settings.files.url_lifetime_seconds {
        query.push(format!("expires={}", (at.now + seconds(lifetime)).unix_timestamp()));
    }
    let url = media_url(simulator, &settings, &name);
    if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) }
}

pub(super) fn media_url(simulator: &AiStudiosSimulator, settings: &Settings, name: &str) -> String {
    let origin = settings.invented.media_origin.as_ref().unwrap_or(&simulator.origins.files);
    format!("{origin}/{}/{name}.mp4", settings.invented.media_folder)
}
