//! What is kept with a job between questions about it (contract 3.6): how its project was before the export was asked
//! for, and what earlier answers said.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};
use time::OffsetDateTime;

use super::progress::{Project, State};

/// A job's notes. Times are in seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Notes {
    /// When the export was about to be asked for, or the project began to be tracked.
    pub(super) asked_at: Option<i64>,
    /// The project before that; none when it could not be read.
    pub(super) snapshot: Option<Snapshot>,
    /// Whether no export of ours is waited for, so that any result is the one that is wanted: the job only tracks the
    /// project, or its export was running when we asked for one.
    pub(super) joined: bool,
    /// The render task of this export.
    pub(super) backend_task_id: Option<String>,
    /// How often the task was looked for in vain.
    pub(super) looked_for_task: u32,
    /// Whether a running state below 100 was seen since the export was asked for.
    pub(super) restarted: bool,
    /// The last progress.
    pub(super) percent: Option<f64>,
    /// The last state word.
    pub(super) state: Option<String>,
    /// When either last changed.
    pub(super) changed_at: Option<i64>,
    /// Since when the export is done and has no URL.
    pub(super) finalizing_since: Option<i64>,
    /// Refusals in a row.
    pub(super) refusals: u32,
    /// What a callback claimed.
    pub(super) reported: Option<Reported>,
}

/// A project before its export was asked for (contract 2, E3).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Snapshot {
    pub(super) backend_task_id: Option<String>,
    pub(super) state: Option<String>,
    pub(super) percent: Option<f64>,
    /// Without its query, which may hold a signature.
    pub(super) url: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// What an unauthenticated callback claimed; shown as reported and never acted on (contract 4.4, W10).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Reported {
    pub(super) backend_task_id: Option<String>,
    pub(super) credit: Option<Number>,
    pub(super) duration: Option<Number>,
}

impl Notes {
    /// Reads a job's notes. What is damaged counts as not known, field by field.
    pub(super) fn read(notes: &Map<String, Value>) -> Self {
        fn field<T: DeserializeOwned + Default>(notes: &Map<String, Value>, name: &str) -> T {
            notes.get(name).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
        }
        Self {
            asked_at: field(notes, "asked_at"),
            snapshot: field(notes, "snapshot"),
            joined: field(notes, "joined"),
            backend_task_id: field(notes, "backend_task_id"),
            looked_for_task: field(notes, "looked_for_task"),
            restarted: field(notes, "restarted"),
            percent: field(notes, "percent"),
            state: field(notes, "state"),
            changed_at: field(notes, "changed_at"),
            finalizing_since: field(notes, "finalizing_since"),
            refusals: field(notes, "refusals"),
            reported: field(notes, "reported"),
        }
    }

    /// The fields that differ from those of an earlier time; none when nothing changed.
    pub(super) fn since(&self, before: &Self) -> Option<Map<String, Value>> {
        let (new, old) = (self.fields(), before.fields());
        let changed: Map<String, Value> =
            new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
        (!changed.is_empty()).then_some(changed)
    }

    /// Every field by name. A struct of plain values is always an object.
    fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// Seconds since the export was asked for.
    pub(super) fn age(&self, now: OffsetDateTime) -> i64 {
        self.asked_at.map_or(0, |at| now.unix_timestamp() - at)
    }
}

impl Snapshot {
    /// Of a project as it is now.
    pub(super) fn of(project: &Project) -> Self {
        Self {
            backend_task_id: project.task.clone(),
            state: project.progress.state.clone(),
            percent: project.progress.percent,
            url: project.progress.url.as_deref().map(|url| place(url).to_owned()),
            updated_at: project.updated_at.clone(),
        }
    }

    /// Whether it shows the end of an earlier export.
    pub(super) fn is_over(&self) -> bool {
        self.url.is_some()
            || self.percent.is_some_and(|percent| percent >= 100.0)
            || State::of(self.state.as_deref()) != State::Running
    }
}

/// A URL without its query.
pub(super) fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_only_changes_are_written() {
        let before = Notes { asked_at: Some(7), percent: Some(1.5), ..Notes::default() };
        let after = Notes {
            percent: None,
            snapshot: Some(Snapshot { url: Some("https://h/a".into()), ..Snapshot::default() }),
            ..before.clone()
        };
        let changed = after.since(&before).expect("changes");
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["percent", "snapshot"]);
        let mut kept = before.since(&Notes::default()).expect("changes");
        kept.extend(changed);
        assert_eq!(Notes::read(&kept), after);
        assert_eq!(after.since(&after), None);
    }

    #[test]
    fn a_damaged_field_is_as_if_it_were_not_there() {
        let notes = json!({ "asked_at": 7, "percent": "many", "snapshot": "old", "other": 1 });
        let notes = Notes::read(notes.as_object().expect("an object"));
        assert_eq!(notes, Notes { asked_at: Some(7), ..Notes::default() });
    }

    #[test]
    fn a_snapshot_keeps_no_signature_and_knows_an_end() {
        let project = json!({ "download_url": "https://h/a.mp4?Signature=s" });
        let snapshot = Snapshot::of(&Project::read(&project));
        assert_eq!(snapshot.url.as_deref(), Some("https://h/a.mp4"));
        for (project, over) in [
            (project, true),
            (json!({ "progress": 100 }), true),
            (json!({ "state": "error", "progress": 40 }), true),
            (json!({ "state": "exporting", "progress": 40 }), false),
            (json!({}), false),
        ] {
            assert_eq!(Snapshot::of(&Project::read(&project)).is_over(), over, "{project}");
        }
    }
}
