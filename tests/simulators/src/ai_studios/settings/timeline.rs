//! Settings of the course of an export (contract 9.4). An export keeps those it was accepted with.

use serde::{Deserialize, Serialize};

/// How an export goes, on the virtual clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timeline {
    /// At 0 % before the ramp.
    pub(crate) queue_seconds: f64,
    /// From 0 to 100 %.
    pub(crate) ramp_seconds: f64,
    /// So much later polling shows what webhooks said (contract 9.5: up to 5 s).
    pub(crate) polling_lag_seconds: f64,
    /// Stops there for good.
    pub(crate) stuck_at_percent: Option<f64>,
    /// Fails there.
    pub(crate) fails_at_percent: Option<f64>,
    /// Falls back by 20 there, and goes on from there ten percent later.
    pub(crate) dips_at_percent: Option<f64>,
    /// The project is deleted there.
    pub(crate) deleted_at_percent: Option<f64>,
    /// Progress is answered 404 for so long after the POST.
    pub(crate) missing_seconds: f64,
    /// Progress and project show the export before for so long after the POST.
    pub(crate) stale_seconds: f64,
    /// In that time the project already has the new `backendTaskId`.
    pub(crate) stale_shows_new_task: bool,
    pub(crate) url_in_progress: bool,
    pub(crate) url_in_project: bool,
    /// Progress calls at 100 that show no URL yet.
    pub(crate) url_after_polls: u32,
    /// At 100 without a URL for so long.
    pub(crate) url_after_seconds: f64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            queue_seconds: 5.0,
            ramp_seconds: 60.0,
            polling_lag_seconds: 0.0,
            stuck_at_percent: None,
            fails_at_percent: None,
            dips_at_percent: None,
            deleted_at_percent: None,
            missing_seconds: 0.0,
            stale_seconds: 0.0,
            stale_shows_new_task: false,
            url_in_progress: true,
            url_in_project: true,
            url_after_polls: 0,
            url_after_seconds: 0.0,
        }
    }
}
