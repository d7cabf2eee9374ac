//! Download URLs: what they look like and how long they work (contract 6.4).

use super::files::Stored;
use super::knobs::files::FileName;
use super::knobs::{Knobs, seconds};
use super::{AiStudiosSimulator, Moment};

impl AiStudiosSimulator {
    /// The URL of an export's video as it is shown at this moment.
    pub(super) fn download_url(&mut self, place: usize, task: &str, at: Moment) -> String {
        let knobs = self.knobs_for(place);
        let project = self.state.projects.at_mut(place);
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
        let url = self.media_url(&knobs, &name);
        if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) }
    }

    pub(super) fn media_url(&self, knobs: &Knobs, name: &str) -> String {
        let origin = knobs.invented.media_origin.as_ref().unwrap_or(&self.origins.files);
        format!("{origin}/{}/{name}.mp4", knobs.invented.media_folder)
    }

    /// Whether the URL has expired, or was shown too early. The first download ends all URLs shown until then.
    pub(super) fn url_is_over(&mut self, stored: &Stored, query: &str, at: Moment) -> bool {
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
        let project = self.state.projects.at_mut(place);
        let revoked = *project.urls_revoked.get_or_insert(project.urls_shown);
        field("v").is_none_or(|version| version <= i64::from(revoked))
    }
}
