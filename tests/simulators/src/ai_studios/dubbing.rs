//! Dubbing: a folder of videos, one for each language (contract 7).

use time::{Duration, OffsetDateTime};

use crate::ai_studios::settings::dubbing::Dubbing;

/// The progress at which a failing language stops.
const FAILURE_PERCENT: f64 = 40.0;
/// The progress at which a language stops that never ends.
const STUCK_PERCENT: f64 = 63.0;

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
    /// The number of its target.
    pub(super) number: u32,
}

/// The status of a video.
pub(super) struct DubbingStatus {
    pub(super) progress: f64,
    pub(super) failed: bool,
    /// Whether its file can be downloaded.
    pub(super) ready: bool,
}

impl DubbingFolder {
    pub(super) fn status_at(
        &self,
        video: &DubbedVideo,
        settings: &Dubbing,
        now: OffsetDateTime,
    ) -> DubbingStatus {
        let waits = settings.stagger_seconds * f64::from(video.number);
        let elapsed = ((now - self.started).as_seconds_f64() - waits).max(0.0);
        let reached = (100.0 * elapsed / settings.ramp_seconds.max(f64::MIN_POSITIVE)).min(100.0);
        let failed = settings.failing.contains(&video.language) && reached >= FAILURE_PERCENT;
        let stuck = settings.stuck.contains(&video.language).then_some(STUCK_PERCENT);
        let fails = failed.then_some(FAILURE_PERCENT);
        let progress = [fails, stuck].into_iter().flatten().fold(reached, f64::min);
        let ready = progress >= 100.0 && elapsed >= settings.ramp_seconds + settings.url_after_seconds;
        DubbingStatus { progress: (progress * 100.0).floor() / 100.0, failed, ready }
    }

    /// Whether it is this long ago that the folder was made.
    pub(super) fn is_older_than(&self, seconds: f64, now: OffsetDateTime) -> bool {
        now >= self.started + Duration::seconds_f64(seconds)
    }
}
