//! The state that a job stores between polls (contract 3.6): a snapshot of its project before the request for the
//! export, and what earlier polls returned.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};
use time::OffsetDateTime;

use super::export_status::progress::{ExportPhase, Project};

/// The state that an export's job stores between polls. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StoredState {
    /// When the last request was sent, or the tracking of the project started.
    pub(super) asked_at: Option<i64>,
    /// Whether the provider still makes the project, and its export was not requested (contract 7).
    pub(super) creating: bool,
    /// The project before that. None when it could not be read.
    pub(super) snapshot: Option<ProjectSnapshot>,
    /// Whether the job waits for an export that it did not start, so that any result is the right one: it only tracks
    /// the project, or an export was running already when it requested one.
    pub(super) joined: bool,
    /// The render task of this export.
    pub(super) backend_task_id: Option<String>,
    /// How many polls did not find the render task.
    pub(super) looked_for_task: u32,
    /// Whether a progress below 100 percent was reported since the request for the export.
    pub(super) restarted: bool,
    /// The last progress.
    pub(super) percent: Option<f64>,
    /// The last state word.
    pub(super) state: Option<String>,
    /// When either of them last changed.
    pub(super) changed_at: Option<i64>,
    /// Since when the export is finished without a URL.
    pub(super) finalizing_since: Option<i64>,
    /// The number of consecutive rejected polls.
    pub(super) refusals: u32,
    /// What a callback claimed.
    pub(super) reported: Option<CallbackClaim>,
}

/// The state of a project before the request for its export (contract 2, E3).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ProjectSnapshot {
    pub(super) backend_task_id: Option<String>,
    pub(super) state: Option<String>,
    pub(super) percent: Option<f64>,
    /// The URL without its query, which may hold a signature.
    pub(super) url: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// What an unauthenticated callback claimed. It is shown as reported, and no decision depends on it (contract 4.4,
/// W10).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct CallbackClaim {
    pub(super) backend_task_id: Option<String>,
    pub(super) credit: Option<Number>,
    pub(super) duration: Option<Number>,
}

impl StoredState {
    /// Reads the stored state of a job. A field that cannot be parsed has its default value.
    pub(super) fn read(stored: &Map<String, Value>) -> Self {
        fn field<T: DeserializeOwned + Default>(stored: &Map<String, Value>, name: &str) -> T {
            stored.get(name).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
        }
        Self {
            asked_at: field(stored, "asked_at"),
            creating: field(stored, "creating"),
            snapshot: field(stored, "snapshot"),
            joined: field(stored, "joined"),
            backend_task_id: field(stored, "backend_task_id"),
            looked_for_task: field(stored, "looked_for_task"),
            restarted: field(stored, "restarted"),
            percent: field(stored, "percent"),
            state: field(stored, "state"),
            changed_at: field(stored, "changed_at"),
            finalizing_since: field(stored, "finalizing_since"),
            refusals: field(stored, "refusals"),
            reported: field(stored, "reported"),
        }
    }

    /// Returns the fields that differ from an earlier state. None when nothing changed.
    pub(super) fn changes_since(&self, before: &Self) -> Option<Map<String, Value>> {
        let (new, old) = (self.to_fields(), before.to_fields());
        let changed: Map<String, Value> =
            new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
        (!changed.is_empty()).then_some(changed)
    }

    /// Returns all fields by name. A struct of plain values always serializes as an object.
    fn to_fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// Returns the seconds since the request for the export.
    pub(super) fn age(&self, now: OffsetDateTime) -> i64 {
        self.asked_at.map_or(0, |at| now.unix_timestamp() - at)
    }
}

impl ProjectSnapshot {
    /// Takes a snapshot of a project.
    pub(super) fn of(project: &Project) -> Self {
        Self {
            backend_task_id: project.render_task.clone(),
            state: project.progress.state.clone(),
            percent: project.progress.percent,
            url: project.progress.url.as_deref().map(|url| strip_query(url).to_owned()),
            updated_at: project.updated_at.clone(),
        }
    }

    /// Whether it shows that an export was requested. The state words of a project that was never exported are not
    /// published.
    pub(super) fn shows_export(&self) -> bool {
        self.backend_task_id.is_some()
            || self.url.is_some()
            || self.percent.is_some_and(|percent| percent > 0.0 && percent < 100.0)
            || self.state.as_deref().is_some_and(|state| state.trim().eq_ignore_ascii_case("exported"))
    }

    /// Whether it shows the result of an earlier export.
    pub(super) fn has_result(&self) -> bool {
        self.url.is_some()
            || self.percent.is_some_and(|percent| percent >= 100.0)
            || ExportPhase::parse(self.state.as_deref()) != ExportPhase::Running
    }
}

/// Returns a URL without its query and fragment.
pub(super) fn strip_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_changed_fields_are_written_and_read_back() {
        let before = StoredState { asked_at: Some(7), percent: Some(1.5), ..StoredState::default() };
        let after = StoredState {
            percent: None,
            snapshot: Some(ProjectSnapshot { url: Some("https://h/a".into()), ..ProjectSnapshot::default() }),
            ..before.clone()
        };
        let changed = after.changes_since(&before).expect("changes");
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["percent", "snapshot"]);
        let mut stored = before.changes_since(&StoredState::default()).expect("changes");
        stored.extend(changed);
        assert_eq!(StoredState::read(&stored), after);
        assert_eq!(after.changes_since(&after), None);
    }

    #[test]
    fn fields_that_cannot_be_parsed_have_their_default() {
        let stored = json!({ "asked_at": 7, "percent": "many", "snapshot": "old", "other": 1 });
        let stored = StoredState::read(stored.as_object().expect("an object"));
        assert_eq!(stored, StoredState { asked_at: Some(7), ..StoredState::default() });
    }

    #[test]
    fn a_snapshot_holds_no_signature_and_shows_an_earlier_result() {
        let project = json!({ "download_url": "https://h/a.mp4?Signature=s" });
        let snapshot = ProjectSnapshot::of(&Project::read(&project));
        assert_eq!(snapshot.url.as_deref(), Some("https://h/a.mp4"));
        for (project, has_result) in [
            (project, true),
            (json!({ "progress": 100 }), true),
            (json!({ "state": "error", "progress": 40 }), true),
            (json!({ "state": "exporting", "progress": 40 }), false),
            (json!({}), false),
        ] {
            assert_eq!(ProjectSnapshot::of(&Project::read(&project)).has_result(), has_result, "{project}");
        }
    }
}
