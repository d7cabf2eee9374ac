//! Reads the status of an export from responses about its progress and its project (contract 3, 3.1 and 5.1).

use serde_json::Value;

use crate::ai_studios::lenient_values::{URL_FIELDS, read_id, read_percent, read_text, read_url};

/// The meaning of a state word (contract 3.1). The vocabulary is not published. These words have been seen in
/// responses or in other clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExportPhase {
    /// The export is finished.
    Success,
    /// The export failed.
    Failure,
    /// The export is in progress, or the word is unknown.
    Running,
}

impl ExportPhase {
    /// Parses a state word, in upper or lower case and with surrounding spaces.
    pub(crate) fn parse(word: Option<&str>) -> Self {
        match word.unwrap_or_default().trim().to_lowercase().as_str() {
            "exported" | "complete" | "completed" | "finish" | "finished" | "done" | "success"
            | "succeeded" => ExportPhase::Success,
            "error" | "errored" | "fail" | "failed" | "failure" | "cancel" | "canceled" | "cancelled"
            | "aborted" | "rejected" | "timeout" => ExportPhase::Failure,
            _ => ExportPhase::Running,
        }
    }
}

/// The progress of an export, as one response reports it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ExportProgress {
    /// Progress from 0 to 100, when the response has one.
    pub(crate) percent: Option<f64>,
    /// The provider's state word.
    pub(crate) state: Option<String>,
    /// The URL of the video.
    pub(crate) url: Option<String>,
    /// Why the export failed, with the provider's error code.
    pub(crate) reason: Option<String>,
}

impl ExportProgress {
    /// Reads the payload of a response.
    pub(crate) fn read(fields: &Value) -> Self {
        Self {
            percent: read_percent(fields.get("progress")),
            state: read_text(fields, &["state"]).map(str::to_owned),
            url: read_url(fields, &URL_FIELDS),
            reason: read_reason(fields),
        }
    }

    /// Returns the meaning of the state word.
    pub(crate) fn phase(&self) -> ExportPhase {
        ExportPhase::parse(self.state.as_deref())
    }

    /// Describes where the work is, such as `building audio, 50 %`.
    pub(crate) fn describe(&self) -> String {
        let percent = self.percent.map(|percent| format!("{percent} %"));
        let state = self.state.as_deref().filter(|state| !state.trim().is_empty());
        match (state, percent) {
            (Some(state), Some(percent)) => format!("{state}, {percent}"),
            (Some(state), None) => state.to_owned(),
            (None, percent) => percent.unwrap_or_else(|| "an unknown progress".to_owned()),
        }
    }

    /// Whether an automation has made the project: both are documented together (contract 7).
    pub(crate) fn is_created(&self) -> bool {
        self.is_full()
            && self.state.as_deref().is_some_and(|state| state.trim().eq_ignore_ascii_case("finish"))
    }

    /// Whether the progress is 100.
    pub(crate) fn is_full(&self) -> bool {
        self.percent.is_some_and(|percent| percent >= 100.0)
    }
}

/// Reads why an export failed, from any of the fields that may hold the reason.
fn read_reason(fields: &Value) -> Option<String> {
    let error = fields.get("error").unwrap_or(&Value::Null);
    let reason = read_text(error, &["msg", "message"]).or(error.as_str().filter(|text| !text.is_empty()));
    let reason = reason.or_else(|| read_text(fields, &["message", "msg", "reason"]))?;
    let reason: String = reason.chars().take(500).collect();
    match read_id(error, &["code"]) {
        Some(code) => Some(format!("{reason} ({code})")),
        None => Some(reason),
    }
}

/// The fields of a project that matter to an export.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Project {
    /// The id of the render task. Each export has another one.
    pub(crate) render_task: Option<String>,
    /// When the project last changed, as the provider writes it.
    pub(crate) updated_at: Option<String>,
    /// The progress of its export.
    pub(crate) progress: ExportProgress,
}

impl Project {
    /// Reads the payload of a response: its field `project`, or the project itself (contract 5.1).
    pub(crate) fn read(payload: &Value) -> Self {
        let fields = payload.get("project").filter(|project| project.is_object()).unwrap_or(payload);
        Self {
            render_task: read_id(fields, &["backendTaskId", "backend_task_id"]),
            updated_at: read_text(fields, &["updatedAt", "updated_at"]).map(str::to_owned),
            progress: ExportProgress::read(fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn state_words_have_three_meanings() {
        for (word, meaning) in [
            (Some("exported"), ExportPhase::Success),
            (Some(" Complete "), ExportPhase::Success),
            (Some("FINISH"), ExportPhase::Success),
            (Some("error"), ExportPhase::Failure),
            (Some("Cancelled"), ExportPhase::Failure),
            (Some("timeout"), ExportPhase::Failure),
            (Some("building audio"), ExportPhase::Running),
            (Some("exporting"), ExportPhase::Running),
            (Some(""), ExportPhase::Running),
            (None, ExportPhase::Running),
        ] {
            assert_eq!(ExportPhase::parse(word), meaning, "{word:?}");
        }
    }

    #[test]
    fn a_project_is_read_with_and_without_its_envelope() {
        let project = json!({
            "_id": "p", "backendTaskId": "bt", "updatedAt": "2026-03-04T05:15:11.020Z", "progress": 100,
            "state": "exported", "download_url": "https://media.aistudios.com/a.mp4", "templateId": null,
        });
        let read = Project::read(&project);
        assert_eq!(read.render_task.as_deref(), Some("bt"));
        assert_eq!((read.progress.is_full(), read.progress.phase()), (true, ExportPhase::Success));
        assert_eq!(read.progress.url.as_deref(), Some("https://media.aistudios.com/a.mp4"));
        assert_eq!(Project::read(&json!({ "project": project })), read);
    }

    #[test]
    fn the_reason_of_a_failure_is_read_from_the_error_or_beside_it() {
        for (fields, expected) in [
            (json!({ "error": { "code": 7, "msg": "no audio" } }), Some("no audio (7)")),
            (json!({ "error": "no audio" }), Some("no audio")),
            (json!({ "error": {}, "reason": "no audio" }), Some("no audio")),
            (json!({ "message": "no audio" }), Some("no audio")),
            (json!({ "state": "error" }), None),
        ] {
            assert_eq!(read_reason(&fields).as_deref(), expected, "{fields}");
        }
    }
}
