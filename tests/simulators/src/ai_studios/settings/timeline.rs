//! Settings of the timeline of an export (contract 9.4). An export keeps the timeline that it was accepted
//! with.

use serde::{Deserialize, Serialize};

/// The timeline of an export, on the virtual clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timeline {
    /// Time at 0 % before the ramp.
    pub(crate) queue_seconds: f64,
    /// Time from 0 to 100 %.
    pub(crate) ramp_seconds: f64,
    /// How much polling lags behind the webhooks (contract 9.5: up to 5 s).
    pub(crate) polling_lag_seconds: f64,
    /// Progress stops there permanently.
    pub(crate) stuck_at_percent: Option<f64>,
    /// The export fails there.
    pub(crate) fails_at_percent: Option<f64>,
    /// Progress falls back by 20 there, and resumes ten percent later.
    pub(crate) dips_at_percent: Option<f64>,
    /// The project is deleted there.
    pub(crate) deleted_at_percent: Option<f64>,
    /// How long after the POST progress responds with 404.
    pub(crate) missing_seconds: f64,
    /// How long after the POST progress and project show the previous export.
    pub(crate) stale_seconds: f64,
    /// Whether the project already shows the new `backendTaskId` during that time.
    pub(crate) stale_shows_new_task: bool,
    pub(crate) url_in_progress: bool,
    pub(crate) url_in_project: bool,
    /// The number of progress calls at 100 without a URL.
    pub(crate) url_after_polls: u32,
    /// The time at 100 without a URL.
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
