//! Decides the status of an export from its progress: the contract's decision table (3.2), and the check that a
//! result does not belong to an earlier export (3.3). All functions are pure.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::progress::{ExportPhase, ExportProgress, Project};
use crate::ai_studios::stored_export_state::{StoredState, strip_query};

/// After this time a result that may belong to an earlier export is used nevertheless (contract 3.3), in seconds.
const ASSUME_OWNERSHIP_AFTER_SECONDS: i64 = 30 * 60;
/// A changed project proves a new render only this long after the request for its export (contract 3.3), in seconds.
const MIN_CHANGE_AGE_SECONDS: i64 = 120;

/// The status of an export by the decision table, whichever export the progress belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExportStatus {
    /// The export failed.
    Failed,
    /// The video is available at this URL.
    Ready(String),
    /// The export is finished, and the URL of the video is not reported yet.
    Finalizing,
    /// The export is in progress.
    Pending(Option<f64>),
}

/// Applies the rows of the decision table for a successful response. The first match decides (contract 3.2).
pub(crate) fn decide_status(progress: &ExportProgress) -> ExportStatus {
    let is_finished = progress.is_full() || progress.phase() == ExportPhase::Success;
    match (progress.phase(), is_finished, &progress.url) {
        (ExportPhase::Failure, ..) => ExportStatus::Failed,
        (_, true, Some(url)) => ExportStatus::Ready(url.clone()),
        (_, true, None) => ExportStatus::Finalizing,
        // A URL below 100 percent may be that of the previous export.
        (ExportPhase::Success | ExportPhase::Running, false, _) => ExportStatus::Pending(progress.percent),
    }
}

/// Whether a result belongs to the requested export, and not to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultOwnership {
    /// It does.
    Proven,
    /// Nothing proves it, but so much time has passed that the result is used.
    Assumed,
    /// It may belong to an earlier export.
    Unproven,
}

/// Checks to which export a result belongs, by what was stored before the request (contract 3.3).
pub(crate) fn check_ownership(
    stored: &StoredState,
    progress: &ExportProgress,
    project: Option<&Project>,
    now: OffsetDateTime,
) -> ResultOwnership {
    if stored.joined || stored.restarted {
        return ResultOwnership::Proven;
    }
    let is_proven = match &stored.snapshot {
        Some(snapshot) if !snapshot.has_result() => true,
        Some(snapshot) => {
            let task =
                project.and_then(|project| project.render_task.as_ref()).or(stored.backend_task_id.as_ref());
            let is_other_task = task.is_some() && task != snapshot.backend_task_id.as_ref();
            let url = progress.url.as_deref().map(strip_query);
            let is_other_url = url.is_some() && url != snapshot.url.as_deref();
            is_other_task || is_other_url || has_changed_since_request(stored, project, now)
        }
        None => false,
    };
    match is_proven {
        true => ResultOwnership::Proven,
        false if stored.age(now) >= ASSUME_OWNERSHIP_AFTER_SECONDS => ResultOwnership::Assumed,
        false => ResultOwnership::Unproven,
    }
}

/// Whether an export has started whose POST got no response (contract 2, E4).
pub(crate) fn has_started(
    stored: &StoredState,
    progress: Option<&ExportProgress>,
    project: Option<&Project>,
) -> bool {
    let percent = progress.and_then(|progress| progress.percent);
    let Some(snapshot) = &stored.snapshot else {
        // The state before the request is unknown. A running export is most likely the requested one.
        return percent.is_some_and(|percent| percent > 0.0 && percent < 100.0);
    };
    let is_restarted = match (percent, snapshot.percent) {
        (Some(now), Some(before)) => now < before || (now > before && now < 100.0),
        (Some(now), None) => now > 0.0,
        (None, _) => false,
    };
    let is_changed = project.is_some_and(|project| {
        let differs = |now: &Option<String>, before: &Option<String>| now.is_some() && now != before;
        differs(&project.render_task, &snapshot.backend_task_id)
            || differs(&project.updated_at, &snapshot.updated_at)
    });
    is_restarted || is_changed
}

/// Whether the project changed after the request for the export, and the request is old enough.
fn has_changed_since_request(stored: &StoredState, project: Option<&Project>, now: OffsetDateTime) -> bool {
    let updated_at = project.and_then(|project| project.updated_at.as_deref());
    let updated_at = updated_at.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let is_later = updated_at
        .zip(stored.asked_at)
        .is_some_and(|(updated_at, requested_at)| updated_at.unix_timestamp() > requested_at);
    is_later && stored.age(now) >= MIN_CHANGE_AGE_SECONDS
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ai_studios::stored_export_state::ProjectSnapshot;

    const OLD: &str = "https://media.aistudios.com/old.mp4";

    fn at_second(second: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(second)
    }

    #[test]
    fn the_decision_table_of_the_contract_is_applied() {
        let ready = || ExportStatus::Ready(OLD.to_owned());
        for (fields, expected) in [
            (json!({ "state": "error", "progress": 40 }), ExportStatus::Failed),
            (json!({ "state": "Failed ", "progress": 100, "downloadUrl": OLD }), ExportStatus::Failed),
            (json!({ "state": "exported", "progress": 100, "downloadUrl": OLD }), ready()),
            (json!({ "progress": 100, "downloadUrl": OLD }), ready()),
            (json!({ "progress": "100%", "download_url": OLD }), ready()),
            (json!({ "state": "rendering", "progress": 100, "downloadUrl": OLD }), ready()),
            (json!({ "progress": 100 }), ExportStatus::Finalizing),
            (json!({ "progress": 100, "downloadUrl": "" }), ExportStatus::Finalizing),
            (json!({ "progress": 100, "downloadUrl": null }), ExportStatus::Finalizing),
            (json!({ "state": "exported", "progress": 80, "downloadUrl": OLD }), ready()),
            (json!({ "state": "exported", "downloadUrl": OLD }), ready()),
            (json!({ "state": "Complete" }), ExportStatus::Finalizing),
            (json!({ "progress": 80, "downloadUrl": OLD }), ExportStatus::Pending(Some(80.0))),
            (json!({ "state": "exporting", "progress": 37.25 }), ExportStatus::Pending(Some(37.25))),
            (json!({ "state": "exporting", "progress": "soon" }), ExportStatus::Pending(None)),
            (json!({}), ExportStatus::Pending(None)),
        ] {
            assert_eq!(decide_status(&ExportProgress::read(&fields)), expected, "{fields}");
        }
    }

    /// The stored state of a project that was exported before, whose new export was requested at second 1000.
    fn exported_before() -> StoredState {
        let snapshot = ProjectSnapshot {
            backend_task_id: Some("bt-1".into()),
            state: Some("exported".into()),
            percent: Some(100.0),
            url: Some(OLD.into()),
            updated_at: Some("1970-01-01T00:10:00Z".into()),
        };
        StoredState { asked_at: Some(1000), snapshot: Some(snapshot), ..StoredState::default() }
    }

    fn ownership(stored: &StoredState, url: &str, project: Option<Value>, after: i64) -> ResultOwnership {
        let progress = ExportProgress::read(&json!({ "progress": 100, "downloadUrl": url }));
        let project = project.map(|project| Project::read(&project));
        check_ownership(stored, &progress, project.as_ref(), at_second(1000 + after))
    }

    #[test]
    fn a_result_after_an_earlier_export_needs_proof_of_ownership() {
        let before = exported_before();
        assert_eq!(ownership(&before, OLD, None, 10), ResultOwnership::Unproven);
        assert_eq!(ownership(&before, &format!("{OLD}?signed=again"), None, 10), ResultOwnership::Unproven);
        assert_eq!(
            ownership(&before, "https://media.aistudios.com/new.mp4", None, 10),
            ResultOwnership::Proven
        );
        assert_eq!(
            ownership(&before, OLD, Some(json!({ "backendTaskId": "bt-1" })), 10),
            ResultOwnership::Unproven
        );
        assert_eq!(
            ownership(&before, OLD, Some(json!({ "backendTaskId": "bt-2" })), 10),
            ResultOwnership::Proven
        );
        let updated = || Some(json!({ "backendTaskId": "bt-1", "updatedAt": "1970-01-01T00:17:00Z" }));
        assert_eq!(ownership(&before, OLD, updated(), 119), ResultOwnership::Unproven);
        assert_eq!(ownership(&before, OLD, updated(), 120), ResultOwnership::Proven);
        assert_eq!(ownership(&before, OLD, None, 1799), ResultOwnership::Unproven);
        assert_eq!(ownership(&before, OLD, None, 1800), ResultOwnership::Assumed);
        let restarted = StoredState { restarted: true, ..before.clone() };
        assert_eq!(ownership(&restarted, OLD, None, 10), ResultOwnership::Proven);
        let joined = StoredState { joined: true, ..before };
        assert_eq!(ownership(&joined, OLD, None, 0), ResultOwnership::Proven);
    }

    #[test]
    fn the_result_of_a_first_export_is_proven_and_one_without_a_snapshot_is_not() {
        let first = StoredState {
            asked_at: Some(1000),
            snapshot: Some(ProjectSnapshot::default()),
            ..StoredState::default()
        };
        assert_eq!(ownership(&first, OLD, None, 1), ResultOwnership::Proven);
        let unknown = StoredState { snapshot: None, ..first };
        assert_eq!(ownership(&unknown, OLD, None, 1), ResultOwnership::Unproven);
    }

    #[test]
    fn a_new_task_a_change_or_a_restart_proves_that_an_export_has_started() {
        let before = exported_before();
        let started = |progress: Value, project: Value| {
            has_started(&before, Some(&ExportProgress::read(&progress)), Some(&Project::read(&project)))
        };
        let same = || json!({ "backendTaskId": "bt-1", "updatedAt": "1970-01-01T00:10:00Z" });
        assert!(!started(json!({ "progress": 100 }), same()));
        assert!(!started(json!({}), json!({})));
        assert!(started(json!({ "progress": 0 }), same()));
        assert!(started(json!({ "progress": 100 }), json!({ "backendTaskId": "bt-2" })));
        assert!(started(json!({ "progress": 100 }), json!({ "updatedAt": "1970-01-01T00:17:00Z" })));
        let never = StoredState { snapshot: Some(ProjectSnapshot::default()), ..StoredState::default() };
        assert!(!has_started(&never, Some(&ExportProgress::read(&json!({ "progress": 0 }))), None));
        assert!(has_started(&never, Some(&ExportProgress::read(&json!({ "progress": 3 }))), None));
        assert!(!has_started(&StoredState::default(), None, None));
    }
}
