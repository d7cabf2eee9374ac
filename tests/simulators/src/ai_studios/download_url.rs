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
    query.extend(expiry(&settings, at));
    with_query(media_url(simulator, &settings, &format!("{name}.mp4")), &query)
}

/// Returns the URL of a file that belongs to no project, as shown at this moment.
pub(super) fn file_url(simulator: &AiStudiosSimulator, file: &str, at: Moment) -> String {
    let settings = &simulator.state.settings;
    with_query(media_url(simulator, settings, file), expiry(settings, at).as_slice())
}

/// Returns the part of the query that ends the validity of a URL, if there is one.
fn expiry(settings: &Settings, at: Moment) -> Option<String> {
    let lifetime = settings.files.url_lifetime_seconds?;
    Some(format!("expires={}", (at.now + seconds(lifetime)).unix_timestamp()))
}

fn with_query(url: String, query: &[String]) -> String {
    if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) }
}

fn media_url(simulator: &AiStudiosSimulator, settings: &Settings, file: &str) -> String {
    let origin = settings.invented.media_origin.as_ref().unwrap_or(&simulator.origins.files);
    format!("{origin}/{}/{file}", settings.invented.media_folder)
}
