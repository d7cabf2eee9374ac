//! Settings for what the contract leaves unknown or tests vary (contract 10). The Admin endpoint calls them
//! knobs.
//!
//! The defaults are choices of the contract document, not facts about the provider.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::abyssale::file_type::DesignType;
use crate::abyssale::rate_limit::{self, RateLimitWindow, Tier, WindowKind};
use crate::acceptance_policy::AcceptancePolicy;

/// Every setting with its current value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The version stamp of response bodies (contract 1.1).
    pub(super) api_version: String,
    pub(super) version_stamp: bool,
    /// The format of error bodies (contract 1.3).
    pub(super) error_generation: ErrorFormat,
    /// The body of gateway errors (E0).
    pub(super) gateway_body: GatewayBody,
    pub(super) api_key_revoked: bool,
    /// Whether the plan includes API access.
    pub(super) api_access: bool,
    /// `POST /auth` skips the plan check for a user's key (contract 1.2).
    pub(super) user_scoped_key: bool,
    pub(super) double_slash_refused: bool,
    pub(super) empty_ids: AcceptancePolicy,
    pub(super) missing_ids: AcceptancePolicy,
    pub(super) max_ids: Option<usize>,
    /// Banners that no longer exist: reading one is 404, and an export leaves it out.
    pub(super) deleted_banners: Vec<Uuid>,
    /// An export of one banner by the API is the bare file too, which the contract denies (13.6).
    pub(super) bare_single_export: bool,
    pub(super) https_callbacks_only: bool,
    pub(super) export_latency_seconds: f64,
    pub(super) generation_latency_seconds: f64,
    /// For how much of that time a generation is QUEUED before it is RUNNING.
    pub(super) generation_queued_seconds: f64,
    /// From the request to copy a template to the new design.
    pub(super) duplication_latency_seconds: f64,
    pub(super) duplication_fails: bool,
    /// Types of designs that the plan does not include.
    pub(super) plan_excludes: Vec<DesignType>,
    /// Credits of the period, one for each banner; `None` is unlimited.
    pub(super) credits: Option<u32>,
    /// Credits that were bought in addition.
    pub(super) extra_credits: u32,
    /// AI credits of the period; `None` is unlimited.
    pub(super) ai_credits: Option<u32>,
    /// Options that the contract does not list (13.12: the vendor adds some).
    pub(super) unknown_options: AcceptancePolicy,
    /// Whether the subscription service tells the URL of a subscription (contract 6.7: unknown).
    pub(super) subscription_shows_url: bool,
    /// Longer texts, in characters, do not fit, and their banner fails.
    pub(super) longest_text: usize,
    pub(super) regenerated_id: RegeneratedId,
    /// A running generation already lists a banner whose file is not available yet.
    pub(super) early_banners: bool,
    pub(super) empty_errors: EmptyErrors,
    pub(super) batch_id_key: BatchIdKey,
    pub(super) batch_is_finalized: bool,
    pub(super) delivery_attempts: u32,
    /// Delays after the first attempt, the second and so on; the last one repeats.
    pub(super) retry_delays_seconds: Vec<f64>,
    pub(super) delivery_timeout_seconds: f64,
    pub(super) acknowledged_by: Acknowledgement,
    pub(super) event_type: bool,
    pub(super) data_envelope: bool,
    pub(super) rebuilt_body: bool,
    /// Added to the real time of a signature.
    pub(super) signature_skew_seconds: i64,
    /// How long signing keeps using cached secrets (contract 6.5).
    pub(super) secret_cache_seconds: f64,
    /// The windows of each tier (contract 13.1). A tier that is left out has none.
    pub(super) tiers: BTreeMap<Tier, Vec<RateLimitWindow>>,
    pub(super) window_kind: WindowKind,
    /// Calls per second over the whole API; 0 disables the limit.
    pub(super) gateway_per_second: u32,
    /// `file.filename`, with `{design}`, `{number}`, `{format}` and `{extension}`; empty omits it.
    pub(super) filename: String,
    /// How long a banner's URLs are valid; `None` is forever.
    pub(super) file_expiry_seconds: Option<f64>,
    /// Each response and event carries new URLs, each with its own expiry.
    pub(super) file_url_renewed: bool,
    pub(super) archive_content_type: String,
    pub(super) archive_expiry_seconds: f64,
    /// Each attempt carries a new `archive_url` with its own expiry.
    pub(super) archive_url_renewed: bool,
    pub(super) archive_ranges: bool,
    pub(super) archive_head: bool,
}

/// A version of the error format (contract 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ErrorFormat {
    E0,
    E1,
    E2,
    E3,
}

/// The body of a response of a gateway in front of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum GatewayBody {
    Html,
    Empty,
    Json,
}

/// The id of a regenerated banner (contract 3.1 says "in place", contract 8 has a `sharing_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RegeneratedId {
    Same,
    New,
}

/// How an empty list of errors is represented (contract 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EmptyErrors {
    Empty,
    Absent,
}

/// The field of a batch that carries the id of its generation (contract 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BatchIdKey {
    Both,
    Id,
    GenerationRequestId,
}

impl BatchIdKey {
    /// Returns each field name, and whether it is present.
    pub(super) fn names(self) -> [(&'static str, bool); 2] {
        [("id", self != Self::GenerationRequestId), ("generation_request_id", self != Self::Id)]
    }
}

/// The responses that acknowledge a delivery (contract 11: unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Acknowledgement {
    #[serde(rename = "any_2xx")]
    Any2xx,
    #[serde(rename = "only_200")]
    Only200,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_version: "v2026-10-21".to_owned(),
            version_stamp: true,
            error_generation: ErrorFormat::E3,
            gateway_body: GatewayBody::Html,
            api_key_revoked: false,
            api_access: true,
            user_scoped_key: false,
            double_slash_refused: true,
            empty_ids: AcceptancePolicy::Refuse,
            missing_ids: AcceptancePolicy::Accept,
            max_ids: None,
            deleted_banners: Vec::new(),
            bare_single_export: false,
            https_callbacks_only: false,
            export_latency_seconds: 2.0,
            generation_latency_seconds: 3.0,
            generation_queued_seconds: 1.0,
            duplication_latency_seconds: 3.0,
            duplication_fails: false,
            plan_excludes: Vec::new(),
            credits: None,
            extra_credits: 0,
            ai_credits: Some(100),
            unknown_options: AcceptancePolicy::Accept,
            subscription_shows_url: false,
            longest_text: 400,
            regenerated_id: RegeneratedId::Same,
            early_banners: false,
            empty_errors: EmptyErrors::Empty,
            batch_id_key: BatchIdKey::Both,
            batch_is_finalized: false,
            delivery_attempts: 6,
            retry_delays_seconds: vec![10.0, 60.0, 600.0, 3_600.0, 10_800.0],
            delivery_timeout_seconds: 15.0,
            acknowledged_by: Acknowledgement::Any2xx,
            event_type: true,
            data_envelope: false,
            rebuilt_body: false,
            signature_skew_seconds: 0,
            secret_cache_seconds: 0.0,
            tiers: rate_limit::published_tiers(),
            window_kind: WindowKind::Sliding,
            gateway_per_second: 10,
            filename: "{design}-{number}-{format}.{extension}".to_owned(),
            file_expiry_seconds: None,
            file_url_renewed: false,
            archive_content_type: "application/zip".to_owned(),
            archive_expiry_seconds: 3_600.0,
            archive_url_renewed: false,
            archive_ranges: true,
            archive_head: false,
        }
    }
}

impl Settings {
    /// Returns the settings with `changes` applied, or what is wrong with `changes`.
    pub(super) fn with_changes(&self, changes: &Value) -> Result<Self, String> {
        let changes = changes.as_object().ok_or("the body must be an object of knobs")?;
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in changes {
            all[name.as_str()] = value.clone();
        }
        let settings: Self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        settings.check_durations()?;
        Ok(settings)
    }

    /// Returns the delay after attempt `number`, counted from 1.
    pub(super) fn retry_delay(&self, number: u32) -> Duration {
        let index = (number.max(1) as usize - 1).min(self.retry_delays_seconds.len().saturating_sub(1));
        seconds(self.retry_delays_seconds.get(index).copied().unwrap_or_default())
    }

    /// Whether this status acknowledges a delivery.
    pub(super) fn acknowledges(&self, status: u16) -> bool {
        match self.acknowledged_by {
            Acknowledgement::Any2xx => (200..300).contains(&status),
            Acknowledgement::Only200 => status == 200,
        }
    }

    fn check_durations(&self) -> Result<(), String> {
        let single = [
            self.export_latency_seconds,
            self.generation_latency_seconds,
            self.generation_queued_seconds,
            self.duplication_latency_seconds,
            self.file_expiry_seconds.unwrap_or_default(),
            self.delivery_timeout_seconds,
            self.secret_cache_seconds,
            self.archive_expiry_seconds,
        ];
        let real = |value: &f64| (0.0..=MAX_SECONDS).contains(value);
        if single.iter().chain(&self.retry_delays_seconds).all(real) {
            Ok(())
        } else {
            Err(format!("seconds must be from 0 to {MAX_SECONDS}"))
        }
    }
}

/// About thirty years. No date that far away overflows.
pub(super) const MAX_SECONDS: f64 = 1e9;

/// Converts seconds to a duration, within bounds.
pub(super) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, MAX_SECONDS)).unwrap_or_default()
}
