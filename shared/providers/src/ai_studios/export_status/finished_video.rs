//! The video of a finished export, as the source of its landing.

use model::{Source, SourceRole};
use serde_json::{Map, Value, json};

use super::status_rules::ResultOwnership;
use crate::ai_studios::{file_name::file_name_of_url, stored_export_state::StoredState};

/// Returns the source of a video at this URL.
pub(super) fn video_source(
    project_id: &str,
    resolution: Option<&str>,
    stored: &StoredState,
    url: &str,
    ownership: ResultOwnership,
) -> Source {
    let mut details = manifest_details(stored, ownership);
    details.insert("project_id".into(), json!(project_id));
    if let Some(resolution) = resolution {
        details.insert("resolution".into(), resolution.into());
    }
    Source { url: url.to_owned(), role: SourceRole::File, name: Some(file_name(project_id, url)), details }
}

/// The file name in the URL, or else a name of the project.
fn file_name(project_id: &str, url: &str) -> String {
    file_name_of_url(url).map_or_else(|| format!("{project_id}.mp4"), str::to_owned)
}

/// What earlier polls have shown, for the manifest. Values that only a callback claimed are included as reported, and
/// only if the callback was about the same render task (contract 4.4, W5 and W10).
fn manifest_details(stored: &StoredState, ownership: ResultOwnership) -> Map<String, Value> {
    let mut details = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| details.insert(name.into(), value));
    put("backend_task_id", stored.backend_task_id.clone().map(Value::from));
    put("possibly_stale", (ownership == ResultOwnership::Assumed).then(|| true.into()));
    let is_other_task = |task: &String| stored.backend_task_id.as_ref().is_some_and(|known| known != task);
    let claim = stored.reported.as_ref();
    let claim = claim.filter(|claim| !claim.backend_task_id.as_ref().is_some_and(is_other_task));
    put("credit", claim.and_then(|claim| claim.credit.clone()).map(Value::from));
    put("duration", claim.and_then(|claim| claim.duration.clone()).map(Value::from));
    details
}
