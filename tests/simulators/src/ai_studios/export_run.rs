//! One export of a project and its progress over time (contract 9.4).

use time::{Duration, OffsetDateTime};

use crate::ai_studios::settings::seconds;
use crate::ai_studios::settings::timeline::Timeline;

/// When an export that never ends lets the next one start: longer than any client waits.
const BLOCKED_FOREVER: Duration = Duration::days(10_000);
/// How far progress falls back, and for how much of the ramp, in percent.
const DIP_PERCENT: (f64, f64) = (20.0, 10.0);

/// One export.
#[derive(Debug, Clone)]
pub(super) struct ExportRun {
    /// The `backendTaskId`.
    pub(super) task: String,
    pub(super) accepted: OffsetDateTime,
    /// Later than `accepted` if another export runs.
    pub(super) starts: OffsetDateTime,
    pub(super) timeline: Timeline,
    pub(super) resolution: String,
    pub(super) webhook_url: Option<String>,
    pub(super) credit: u32,
    /// The number of progress calls that showed 100.
    pub(super) polls_at_hundred: u32,
}

/// The phase of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportPhase {
    Waiting,
    Exporting,
    Exported,
    Failed,
}

/// The phase and progress of an export.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ProgressStatus {
    pub(super) phase: ExportPhase,
    /// 0 to 100, two decimals.
    pub(super) progress: f64,
}

impl ExportRun {
    /// Returns an export that ended normally at this time.
    pub(super) fn completed(task: String, at: OffsetDateTime) -> Self {
        let timeline = Timeline::default();
        let accepted = at - seconds(timeline.queue_seconds + timeline.ramp_seconds);
        Self {
            task,
            accepted,
            starts: accepted,
            timeline,
            resolution: "1080".to_owned(),
            webhook_url: None,
            credit: 0,
            polls_at_hundred: 0,
        }
    }

    /// Returns when progress reaches `percent`, if it does.
    pub(super) fn reaches_at(&self, percent: f64) -> Option<OffsetDateTime> {
        let ends = [self.timeline.stuck_at_percent, self.timeline.fails_at_percent];
        if ends.into_iter().flatten().any(|end| percent > end) {
            return None;
        }
        let ramp = seconds(self.timeline.ramp_seconds * percent / 100.0);
        Some(self.starts + seconds(self.timeline.queue_seconds) + ramp)
    }

    /// Returns when it fails, if it does.
    pub(super) fn fails_at(&self) -> Option<OffsetDateTime> {
        self.reaches_at(self.timeline.fails_at_percent?)
    }

    /// Returns when it ends, successfully or not, if it does.
    pub(super) fn ends_at(&self) -> Option<OffsetDateTime> {
        self.fails_at().or_else(|| self.reaches_at(100.0))
    }

    /// Returns when the next export of the project may start.
    pub(super) fn next_may_start_at(&self) -> OffsetDateTime {
        self.ends_at().unwrap_or_else(|| self.accepted.saturating_add(BLOCKED_FOREVER))
    }

    /// Returns its status at a moment of the virtual clock.
    pub(super) fn status_at(&self, now: OffsetDateTime) -> ProgressStatus {
        let timeline = &self.timeline;
        let elapsed = (now - self.starts).as_seconds_f64() - timeline.queue_seconds;
        if self.fails_at().is_some_and(|fails| now >= fails) {
            let progress = timeline.fails_at_percent.unwrap_or_default();
            return ProgressStatus { phase: ExportPhase::Failed, progress };
        }
        if self.reaches_at(100.0).is_some_and(|end| now >= end) {
            return ProgressStatus { phase: ExportPhase::Exported, progress: 100.0 };
        }
        if elapsed < 0.0 {
            return ProgressStatus { phase: ExportPhase::Waiting, progress: 0.0 };
        }
        let reached = 100.0 * elapsed / timeline.ramp_seconds.max(f64::MIN_POSITIVE);
        let reached = reached.min(timeline.stuck_at_percent.unwrap_or(99.99));
        let dips = timeline.dips_at_percent.is_some_and(|at| (at..at + DIP_PERCENT.1).contains(&reached));
        let shown = if dips { (reached - DIP_PERCENT.0).max(0.0) } else { reached };
        ProgressStatus { phase: ExportPhase::Exporting, progress: (shown * 100.0).floor() / 100.0 }
    }

    /// Returns its status as polling shows it, which may lag behind.
    pub(super) fn polled_status(&self, now: OffsetDateTime) -> ProgressStatus {
        self.status_at(now - seconds(self.timeline.polling_lag_seconds))
    }

    /// Whether polling may show its URL.
    pub(super) fn may_show_url(&self, now: OffsetDateTime) -> bool {
        let seen = now - seconds(self.timeline.polling_lag_seconds);
        let since = self.reaches_at(100.0).filter(|_| self.fails_at().is_none());
        let due = since.map(|since| since + seconds(self.timeline.url_after_seconds));
        due.is_some_and(|due| seen >= due) && self.polls_at_hundred >= self.timeline.url_after_polls
    }

    /// Whether it has not ended yet, or never will.
    pub(super) fn is_running(&self, now: OffsetDateTime) -> bool {
        matches!(self.status_at(now).phase, ExportPhase::Waiting | ExportPhase::Exporting)
    }

    /// Whether its video can be downloaded.
    pub(super) fn is_exported(&self, now: OffsetDateTime) -> bool {
        self.status_at(now).phase == ExportPhase::Exported
    }
}
