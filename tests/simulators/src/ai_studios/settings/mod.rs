//! Settings for what the contract leaves unknown or tests vary (contract 9). The Admin endpoint calls them
//! knobs.
//!
//! Settings are grouped. Most can be set for a single project, which is what a scenario does.

pub(super) mod account;
pub(super) mod creation;
pub(super) mod dubbing;
pub(super) mod envelope;
pub(super) mod export;
pub(super) mod files;
pub(super) mod invented;
pub(super) mod progress;
pub(super) mod timeline;
pub(super) mod tools;
pub(super) mod webhook;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every setting with its current value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) invented: invented::Invented,
    pub(super) auth: account::Auth,
    pub(super) lists: account::Lists,
    pub(super) creation: creation::Creation,
    pub(super) automation: creation::Automation,
    pub(super) dubbing: dubbing::Dubbing,
    pub(super) tools: tools::Tools,
    pub(super) envelope: envelope::Envelope,
    pub(super) export: export::Export,
    pub(super) timeline: timeline::Timeline,
    pub(super) progress: progress::Progress,
    pub(super) webhook: webhook::Webhook,
    pub(super) files: files::Files,
}

/// Groups that apply to the whole account and cannot be set for one project.
const ACCOUNT_GROUPS: [&str; 6] = ["auth", "lists", "creation", "automation", "dubbing", "tools"];

/// About thirty years. No date that far away overflows.
pub(super) const MAX_SECONDS: f64 = 1e9;

impl Settings {
    /// Returns the settings with `changes` applied, or what is wrong with `changes`.
    pub(super) fn with_changes(&self, changes: &Value) -> Result<Self, String> {
        if changes.is_null() {
            return Ok(self.clone());
        }
        let groups = changes.as_object().ok_or("the body must be an object of groups of knobs")?;
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (group, changes) in groups {
            let known = all.get_mut(group).ok_or_else(|| format!("there is no group of knobs {group}"))?;
            merge_json(known, changes);
        }
        check_bounds(&all)?;
        serde_json::from_value(all).map_err(|error| error.to_string())
    }
}

/// Returns the groups in `changes` that cannot be set for one project.
pub(super) fn account_groups(changes: &Value) -> Vec<&str> {
    let groups = changes.as_object().into_iter().flat_map(|groups| groups.keys());
    groups.map(String::as_str).filter(|group| ACCOUNT_GROUPS.contains(group)).collect()
}

/// Merges objects and replaces any other value.
pub(super) fn merge_json(known: &mut Value, changes: &Value) {
    match (known, changes) {
        (Value::Object(known), Value::Object(changes)) => {
            for (name, change) in changes {
                merge_json(known.entry(name).or_insert(Value::Null), change);
            }
        }
        (known, changes) => *known = changes.clone(),
    }
}

/// Checks bounds. The suffix of a setting's name is its unit, and the unit decides the bounds.
fn check_bounds(settings: &Value) -> Result<(), String> {
    for (name, value) in settings.as_object().into_iter().flatten() {
        let max = match name.rsplit('_').next() {
            Some("seconds") => MAX_SECONDS,
            Some("percent") => 100.0,
            Some("megabytes") => 2_048.0,
            _ => {
                check_bounds(value)?;
                continue;
            }
        };
        if value.as_f64().is_some_and(|value| !(0.0..=max).contains(&value)) {
            return Err(format!("{name} must be from 0 to {max}"));
        }
    }
    Ok(())
}

/// Converts seconds to a duration, within bounds.
pub(super) fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.clamp(0.0, MAX_SECONDS)).unwrap_or_default()
}
