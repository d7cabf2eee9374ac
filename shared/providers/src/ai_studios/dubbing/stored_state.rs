//! The state that the job of a dubbing stores between polls.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// What is known of a dubbing between polls. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct DubbingState {
    /// When the dubbing was requested.
    pub(super) asked_at: Option<i64>,
    /// What the last poll showed of each item, in a form that changes when the item does.
    pub(super) items: Vec<String>,
    /// When any of them last changed.
    pub(super) changed_at: Option<i64>,
    /// The number of consecutive rejected polls.
    pub(super) refusals: u32,
}

/// The name of the field for [`DubbingState::asked_at`], which is stored before the request.
const ASKED_AT: &str = "asked_at";

impl DubbingState {
    /// Reads the stored state of a job. A field that cannot be parsed has its default value.
    pub(super) fn read(stored: &Map<String, Value>) -> Self {
        fn field<T: DeserializeOwned + Default>(stored: &Map<String, Value>, name: &str) -> T {
            stored.get(name).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
        }
        Self {
            asked_at: field(stored, ASKED_AT),
            items: field(stored, "items"),
            changed_at: field(stored, "changed_at"),
            refusals: field(stored, "refusals"),
        }
    }

    /// Returns what is stored before the request is sent at this time.
    pub(super) fn before_request(now: i64) -> Map<String, Value> {
        Map::from_iter([(ASKED_AT.to_owned(), now.into())])
    }

    /// Returns the fields that differ from an earlier state. None when nothing changed.
    pub(super) fn changes_since(&self, before: &Self) -> Option<Map<String, Value>> {
        let (Ok(Value::Object(new)), Ok(Value::Object(old))) =
            (serde_json::to_value(self), serde_json::to_value(before))
        else {
            return None;
        };
        let changed: Map<String, Value> =
            new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
        (!changed.is_empty()).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changed_fields_are_written_and_read_back() {
        let before = DubbingState::read(&DubbingState::before_request(7));
        assert_eq!(before, DubbingState { asked_at: Some(7), ..DubbingState::default() });
        let after =
            DubbingState { items: vec!["a 1".into()], changed_at: Some(9), refusals: 2, ..before.clone() };
        let changed = after.changes_since(&before).expect("changes");
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["changed_at", "items", "refusals"]);
        let mut stored = DubbingState::before_request(7);
        stored.extend(changed);
        assert_eq!(DubbingState::read(&stored), after);
        assert_eq!(after.changes_since(&after), None);
    }
}
