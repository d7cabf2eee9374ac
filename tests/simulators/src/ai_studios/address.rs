//! Download URLs: what they look like and how long they work (contract 6.4).

use crate::ai_studios::knobs::files::FileName;
use crate::ai_studios::knobs::{Knobs, seconds};
use crate::ai_studios::knobs_for;
use crate::ai_studios::state::AiStudiosSimulator;
use crate::ai_studios::stored_video::Stored;
use crate::clock::Moment;

/// The URL of an export's video as it is shown at this moment.
pub(super) fn download_url(
    simulator: &mut AiStudiosSimulator,
    place: usize,
    task: &str,
    at: Moment,
) -> String {
    let knobs = knobs_for::knobs_for(simulator, place);
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

/// Whether the URL has expired, or was shown too early. The first download ends all URLs shown until then.
pub(super) fn url_is_over(
    simulator: &mut AiStudiosSimulator,
    stored: &Stored,
    query: &str,
    at: Moment,
) -> bool {
    let field = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse::<i64>().ok())
    };
    let limited = stored.knobs.files.url_lifetime_seconds.is_some();
    if limited && field("expires").is_none_or(|expires| at.now.unix_timestamp() >= expires) {
        return true;
    }
    let Some(place) = stored.place.filter(|_| stored.knobs.files.first_urls_revoked) else {
        return false;
    };
    let project = simulator.state.projects.at_mut(place);
    let revoked = *project.urls_revoked.get_or_insert(project.urls_shown);
    field("v").is_none_or(|version| version <= i64::from(revoked))
}
