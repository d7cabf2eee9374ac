//! Dubbing: a folder of videos, one for each language (contract 7).

use time::OffsetDateTime;

use crate::ai_studios::settings::account::Dubbing;

/// The maximum number of languages in one call.
pub(super) const MAX_LANGUAGES: usize = 10;
/// The progress at which a failing language stops.
const FAILURE_PERCENT: f64 = 40.0;

/// The videos of one call.
#[derive(Debug)]
pub(super) struct DubbingFolder {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) started: OffsetDateTime,
    pub(super) videos: Vec<DubbedVideo>,
}

/// A video in one language.
#[derive(Debug)]
pub(super) struct DubbedVideo {
    pub(super) project_id: String,
    pub(super) language: String,
}

/// The status of a video.
pub(super) struct DubbingStatus {
    pub(super) progress: f64,
    pub(super) failed: bool,
}

impl DubbingFolder {
    pub(super) fn status_at(
        &self,
        video: &DubbedVideo,
        settings: &Dubbing,
        now: OffsetDateTime,
    ) -> DubbingStatus {
        let elapsed = (now - self.started).as_seconds_f64().max(0.0);
        let reached = (100.0 * elapsed / settings.ramp_seconds.max(f64::MIN_POSITIVE)).min(100.0);
        let failed = settings.failing.contains(&video.language) && reached >= FAILURE_PERCENT;
        let progress = if failed { FAILURE_PERCENT } else { (reached * 100.0).floor() / 100.0 };
        DubbingStatus { progress, failed }
    }
}
