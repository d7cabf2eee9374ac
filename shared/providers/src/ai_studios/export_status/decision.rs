//! What one look at an export comes to: the contract's decision table (3.2) and its guard against the result of an
//! earlier export (3.3). Pure functions of what was seen and when.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    export_snapshot::{Notes, place},
    progress::{Progress, Project, State},
};

/// After this long a result that may be an earlier one is taken all the same (contract 3.3), in seconds.
const TAKEN_ANYWAY: i64 = 30 * 60;
/// A project that changed counts as rendered anew only this long after the export was asked for (contract 3.3), in
/// seconds.
const SETTLED: i64 = 120;

/// What the decision table says, whichever export it is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// It failed.
    Failed,
    /// The video is there.
    Ready(String),
    /// It is done, and where the video is, is not told yet.
    Finalizing,
    /// It goes on.
    Pending(Option<f64>),
}

/// The rows of the table that look at a good answer, first match wins (contract 3.2).
pub(super) fn verdict(progress: &Progress) -> Verdict {
    let done = progress.is_full() || progress.state() == State::Success;
    match (progress.state(), done, &progress.url) {
        (State::Failure, ..) => Verdict::Failed,
        (_, true, Some(url)) => Verdict::Ready(url.clone()),
        (_, true, None) => Verdict::Finalizing,
        // A URL below 100 may be the previous export's.
        (State::Success | State::Running, false, _) => Verdict::Pending(progress.percent),
    }
}

/// Whether an end that was seen is that of the export that was asked for, and not of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It is.
    Ours,
    /// Nothing proves it, and after this long it is taken for ours.
    OursPerhaps,
    /// It may be an earlier one's.
    Doubtful,
}

/// Judges an end by what was noted before the export was asked for (contract 3.3).
pub(super) fn whose(
    notes: &Notes,
    progress: &Progress,
    project: Option<&Project>,
    now: OffsetDateTime,
) -> Whose {
    if notes.joined || notes.restarted {
        return Whose::Ours;
    }
    let proven = match &notes.snapshot {
        Some(snapshot) if !snapshot.is_over() => true,
        Some(snapshot) => {
            let task = project.and_then(|project| project.task.as_ref()).or(notes.backend_task_id.as_ref());
            let other_task = task.is_some() && task != snapshot.backend_task_id.as_ref();
            let url = progress.url.as_deref().map(place);
            let other_url = url.is_some() && url != snapshot.url.as_deref();
            other_task || other_url || has_settled(notes, project, now)
        }
        None => false,
    };
    match proven {
        true => Whose::Ours,
        false if notes.age(now) >= TAKEN_ANYWAY => Whose::OursPerhaps,
        false => Whose::Doubtful,
    }
}

/// Whether an export whose POST was never answered has begun after all (contract 2, E4).
pub(super) fn has_begun(notes: &Notes, progress: Option<&Progress>, project: Option<&Project>) -> bool {
    let percent = progress.and_then(|progress| progress.percent);
    let Some(snapshot) = &notes.snapshot else {
        // Nobody knows how it was before. What is on its way now is most likely ours.
        return percent.is_some_and(|percent| percent > 0.0 && percent < 100.0);
    };
    let restarted = match (percent, snapshot.percent) {
        (Some(now), Some(before)) => now < before || (now > before && now < 100.0),
        (Some(now), None) => now > 0.0,
        (None, _) => false,
    };
    let changed = project.is_some_and(|project| {
        let other = |now: &Option<String>, before: &Option<String>| now.is_some() && now != before;
        other(&project.task, &snapshot.backend_task_id) || other(&project.updated_at, &snapshot.updated_at)
    });
    restarted || changed
}

/// Whether the project changed after the export was asked for, long enough ago.
fn has_settled(notes: &Notes, project: Option<&Project>, now: OffsetDateTime) -> bool {
    let updated = project.and_then(|project| project.updated_at.as_deref());
    let updated = updated.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let later = updated.zip(notes.asked_at).is_some_and(|(updated, asked)| updated.unix_timestamp() > asked);
    later && notes.age(now) >= SETTLED
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ai_studios::export_snapshot::Snapshot;

    const OLD: &str = "https://media.aistudios.com/old.mp4";

    fn seconds(after: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(after)
    }

    #[test]
    fn the_table_is_the_contracts() {
        let ready = || Verdict::Ready(OLD.to_owned());
        for (fields, expected) in [
            (json!({ "state": "error", "progress": 40 }), Verdict::Failed),
            (json!({ "state": "Failed ", "progress": 100, "downloadUrl": OLD }), Verdict::Failed),
            (json!({ "state": "exported", "progress": 100, "downloadUrl": OLD }), ready()),
            (json!({ "progress": 100, "downloadUrl": OLD }), ready()),
            (json!({ "progress": "100%", "download_url": OLD }), ready()),
            (json!({ "state": "rendering", "progress": 100, "downloadUrl": OLD }), ready()),
            (json!({ "progress": 100 }), Verdict::Finalizing),
            (json!({ "progress": 100, "downloadUrl": "" }), Verdict::Finalizing),
            (json!({ "progress": 100, "downloadUrl": null }), Verdict::Finalizing),
            (json!({ "state": "exported", "progress": 80, "downloadUrl": OLD }), ready()),
            (json!({ "state": "exported", "downloadUrl": OLD }), ready()),
            (json!({ "state": "Complete" }), Verdict::Finalizing),
            (json!({ "progress": 80, "downloadUrl": OLD }), Verdict::Pending(Some(80.0))),
            (json!({ "state": "exporting", "progress": 37.25 }), Verdict::Pending(Some(37.25))),
            (json!({ "state": "exporting", "progress": "soon" }), Verdict::Pending(None)),
            (json!({}), Verdict::Pending(None)),
        ] {
            assert_eq!(verdict(&Progress::read(&fields)), expected, "{fields}");
        }
    }

    /// Notes of a project that had been exported before, asked for at second 1000.
    fn exported_before() -> Notes {
        let snapshot = Snapshot {
            backend_task_id: Some("bt-1".into()),
            state: Some("exported".into()),
            percent: Some(100.0),
            url: Some(OLD.into()),
            updated_at: Some("1970-01-01T00:10:00Z".into()),
        };
        Notes { asked_at: Some(1000), snapshot: Some(snapshot), ..Notes::default() }
    }

    fn judged(notes: &Notes, url: &str, project: Option<Value>, after: i64) -> Whose {
        let progress = Progress::read(&json!({ "progress": 100, "downloadUrl": url }));
        let project = project.map(|project| Project::read(&project));
        whose(notes, &progress, project.as_ref(), seconds(1000 + after))
    }

    #[test]
    fn an_end_after_an_earlier_export_needs_proof_that_it_is_ours() {
        let before = exported_before();
        assert_eq!(judged(&before, OLD, None, 10), Whose::Doubtful);
        assert_eq!(judged(&before, &format!("{OLD}?signed=again"), None, 10), Whose::Doubtful);
        assert_eq!(judged(&before, "https://media.aistudios.com/new.mp4", None, 10), Whose::Ours);
        assert_eq!(judged(&before, OLD, Some(json!({ "backendTaskId": "bt-1" })), 10), Whose::Doubtful);
        assert_eq!(judged(&before, OLD, Some(json!({ "backendTaskId": "bt-2" })), 10), Whose::Ours);
        let updated = || Some(json!({ "backendTaskId": "bt-1", "updatedAt": "1970-01-01T00:17:00Z" }));
        assert_eq!(judged(&before, OLD, updated(), 119), Whose::Doubtful);
        assert_eq!(judged(&before, OLD, updated(), 120), Whose::Ours);
        assert_eq!(judged(&before, OLD, None, 1799), Whose::Doubtful);
        assert_eq!(judged(&before, OLD, None, 1800), Whose::OursPerhaps);
        let restarted = Notes { restarted: true, ..before.clone() };
        assert_eq!(judged(&restarted, OLD, None, 10), Whose::Ours);
        let joined = Notes { joined: true, ..before };
        assert_eq!(judged(&joined, OLD, None, 0), Whose::Ours);
    }

    #[test]
    fn the_first_export_of_a_project_needs_no_proof_and_an_unknown_past_does() {
        let first = Notes { asked_at: Some(1000), snapshot: Some(Snapshot::default()), ..Notes::default() };
        assert_eq!(judged(&first, OLD, None, 1), Whose::Ours);
        let unknown = Notes { snapshot: None, ..first };
        assert_eq!(judged(&unknown, OLD, None, 1), Whose::Doubtful);
    }

    #[test]
    fn a_lost_answer_is_made_good_by_a_new_task_a_change_or_a_restart() {
        let before = exported_before();
        let begun = |progress: Value, project: Value| {
            has_begun(&before, Some(&Progress::read(&progress)), Some(&Project::read(&project)))
        };
        let same = || json!({ "backendTaskId": "bt-1", "updatedAt": "1970-01-01T00:10:00Z" });
        assert!(!begun(json!({ "progress": 100 }), same()));
        assert!(!begun(json!({}), json!({})));
        assert!(begun(json!({ "progress": 0 }), same()));
        assert!(begun(json!({ "progress": 100 }), json!({ "backendTaskId": "bt-2" })));
        assert!(begun(json!({ "progress": 100 }), json!({ "updatedAt": "1970-01-01T00:17:00Z" })));
        let never = Notes { snapshot: Some(Snapshot::default()), ..Notes::default() };
        assert!(!has_begun(&never, Some(&Progress::read(&json!({ "progress": 0 }))), None));
        assert!(has_begun(&never, Some(&Progress::read(&json!({ "progress": 3 }))), None));
        assert!(!has_begun(&Notes::default(), None, None));
    }
}
