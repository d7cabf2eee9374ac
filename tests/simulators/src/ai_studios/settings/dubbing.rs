//! Settings of dubbing (contract 7).

use serde::{Deserialize, Serialize};

use crate::acceptance_policy::AcceptancePolicy;
use crate::ai_studios::settings::tools::UrlField;

/// How videos are dubbed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dubbing {
    pub(crate) ramp_seconds: f64,
    /// How much later each next language starts.
    pub(crate) stagger_seconds: f64,
    /// Languages whose video fails at 40 %.
    pub(crate) failing: Vec<String>,
    /// How a failed video is shown.
    pub(crate) failure: FailureForm,
    /// Languages whose video stops permanently at 63 %.
    pub(crate) stuck: Vec<String>,
    /// How long after the POST the folder is 404, and after that how long it is empty.
    pub(crate) missing_seconds: f64,
    pub(crate) items_after_seconds: f64,
    /// How long a video is at 100 % without a URL.
    pub(crate) url_after_seconds: f64,
    pub(crate) url_field: UrlField,
    pub(crate) order: ItemOrder,
    /// Whether the name of a video ends with its language. No field has it.
    pub(crate) named_by_language: bool,
    /// Whether `/editor/progress` accepts the project ids of a folder.
    pub(crate) ids_are_projects: bool,
    /// Whether the route exists. The Chinese service lacks it (contract 1.1).
    pub(crate) offered: bool,
    /// A file and a URL in one call.
    pub(crate) both_sources: AcceptancePolicy,
    /// A URL that is not one of YouTube.
    pub(crate) other_hosts: AcceptancePolicy,
    /// A language that the page does not list.
    pub(crate) other_languages: AcceptancePolicy,
    /// Targets that are not numbered from 0 without a gap, or that repeat a language.
    pub(crate) irregular_targets: AcceptancePolicy,
    /// The cost of one language.
    pub(crate) credit: u32,
}

/// How a video that failed is shown. The vendor documents no way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FailureForm {
    /// With a `state`.
    State,
    /// With a `state` and an `error: {code, msg}`.
    Error,
    /// It only stops.
    Silent,
}

/// The order of the videos of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemOrder {
    AsRequested,
    Reversed,
}

impl Default for Dubbing {
    fn default() -> Self {
        Self {
            ramp_seconds: 60.0,
            stagger_seconds: 0.0,
            failing: Vec::new(),
            failure: FailureForm::State,
            stuck: Vec::new(),
            missing_seconds: 0.0,
            items_after_seconds: 0.0,
            url_after_seconds: 0.0,
            url_field: UrlField::Snake,
            order: ItemOrder::AsRequested,
            named_by_language: false,
            ids_are_projects: false,
            offered: true,
            both_sources: AcceptancePolicy::Accept,
            other_hosts: AcceptancePolicy::Accept,
            other_languages: AcceptancePolicy::Refuse,
            irregular_targets: AcceptancePolicy::Refuse,
            credit: 3,
        }
    }
}
