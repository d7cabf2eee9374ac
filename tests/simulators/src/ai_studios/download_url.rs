//! Download URLs: what they look like and how long they work (contract 6.4).

use crate::ai_studios::project_settings;
use crate::ai_studios::settings::files::FileName;
use crate::ai_studios::settings::{Knobs, seconds};
use crate::ai_studios::state::AiStudiosSimulator;
use crate::virtual_clock::Moment;

/// The URL of an export's video as it is shown at this moment.
pub(super) fn download_url(
    simulator: &mut AiStudiosSimulator,
    place: usize,
    task: &str,
    at: Moment,
) -> String {
    let knobs = project_settings::knobs_for(simulator, place);
    let project = simulator.state.projects.at_mut(place);
    let name = match knobs.files.name {
        FileName::Project => project.id.clone(),
        FileName::Task => task.to_owned(),
    };
    let mut query = Vec::new();
    if knobs.files.first_urls_revoked {
        project.urls_shown += 1;
        query.push(format!("v={}", project.urls_shown));
    }
    if let Some(lifetime) = knobs.files.url_lifetime_seconds {
        query.push(format!("expires={}", (at.now + seconds(lifetime)).unix_timestamp()));
    }
    let url = media_url(simulator, &knobs, &name);
    if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) }
}

pub(super) fn media_url(simulator: &AiStudiosSimulator, knobs: &Knobs, name: &str) -> String {
    let origin = knobs.invented.media_origin.as_ref().unwrap_or(&simulator.origins.files);
    format!("{origin}/{}/{name}.mp4", knobs.invented.media_folder)
}
