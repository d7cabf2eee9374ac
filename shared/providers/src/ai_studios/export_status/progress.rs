//! How an export stands, as its progress and its project tell it (contract 3, 3.1 and 5.1).

use serde_json::Value;

use super::lenient_values::{self, id_text, text};

/// What a state word means (contract 3.1). The vocabulary is not published; these words have been seen or compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The export is done.
    Success,
    /// Nothing will come of it.
    Failure,
    /// It goes on, or nobody knows what the word means.
    Running,
}

impl State {
    /// Of a word, in any case and with spaces around it.
    pub(super) fn of(word: Option<&str>) -> Self {
        match word.unwrap_or_default().trim().to_lowercase().as_str() {
            "exported" | "complete" | "completed" | "finish" | "finished" | "done" | "success"
            | "succeeded" => State::Success,
            "error" | "errored" | "fail" | "failed" | "failure" | "cancel" | "canceled" | "cancelled"
            | "aborted" | "rejected" | "timeout" => State::Failure,
            _ => State::Running,
        }
    }
}

/// One look at an export.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Progress {
    /// 0 to 100, when it can be told.
    pub(super) percent: Option<f64>,
    /// The provider's word for the state.
    pub(super) state: Option<String>,
    /// Where the video is.
    pub(super) url: Option<String>,
    /// Why it failed, with the code that came along.
    pub(super) reason: Option<String>,
}

impl Progress {
    /// Reads an answer's payload.
    pub(super) fn read(fields: &Value) -> Self {
        Self {
            percent: lenient_values::percent(fields.get("progress")),
            state: text(fields, &["state"]).map(str::to_owned),
            url: lenient_values::url(fields, &lenient_values::URL),
            reason: reason(fields),
        }
    }

    /// What the state word means.
    pub(super) fn state(&self) -> State {
        State::of(self.state.as_deref())
    }

    /// Whether it is at 100.
    pub(super) fn is_full(&self) -> bool {
        self.percent.is_some_and(|percent| percent >= 100.0)
    }
}

/// Why an export failed, from wherever it is told.
pub(super) fn reason(fields: &Value) -> Option<String> {
    let error = fields.get("error").unwrap_or(&Value::Null);
    let said = text(error, &["msg", "message"]).or(error.as_str().filter(|text| !text.is_empty()));
    let said = said.or_else(|| text(fields, &["message", "msg", "reason"]))?;
    let said: String = said.chars().take(500).collect();
    match id_text(error, &["code"]) {
        Some(code) => Some(format!("{said} ({code})")),
        None => Some(said),
    }
}

/// A project, as far as it matters to an export.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Project {
    /// The render task; another one for each export.
    pub(super) task: Option<String>,
    /// When it last changed, as the provider writes it.
    pub(super) updated_at: Option<String>,
    /// How its export stands.
    pub(super) progress: Progress,
}

impl Project {
    /// Reads an answer's payload: `project` within it, or the project itself (contract 5.1).
    pub(super) fn read(payload: &Value) -> Self {
        let fields = payload.get("project").filter(|project| project.is_object()).unwrap_or(payload);
        Self {
            task: id_text(fields, &["backendTaskId", "backend_task_id"]),
            updated_at: text(fields, &["updatedAt", "updated_at"]).map(str::to_owned),
            progress: Progress::read(fields),
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
            (Some("exported"), State::Success),
            (Some(" Complete "), State::Success),
            (Some("FINISH"), State::Success),
            (Some("error"), State::Failure),
            (Some("Cancelled"), State::Failure),
            (Some("timeout"), State::Failure),
            (Some("building audio"), State::Running),
            (Some("exporting"), State::Running),
            (Some(""), State::Running),
            (None, State::Running),
        ] {
            assert_eq!(State::of(word), meaning, "{word:?}");
        }
    }

    #[test]
    fn a_project_is_read_wherever_it_stands() {
        let project = json!({
            "_id": "p", "backendTaskId": "bt", "updatedAt": "2026-03-04T05:15:11.020Z", "progress": 100,
            "state": "exported", "download_url": "https://media.aistudios.com/a.mp4", "templateId": null,
        });
        let read = Project::read(&project);
        assert_eq!(read.task.as_deref(), Some("bt"));
        assert_eq!((read.progress.is_full(), read.progress.state()), (true, State::Success));
        assert_eq!(read.progress.url.as_deref(), Some("https://media.aistudios.com/a.mp4"));
        assert_eq!(Project::read(&json!({ "project": project })), read);
    }

    #[test]
    fn a_reason_is_found_in_an_error_or_beside_it() {
        for (fields, said) in [
            (json!({ "error": { "code": 7, "msg": "no audio" } }), Some("no audio (7)")),
            (json!({ "error": "no audio" }), Some("no audio")),
            (json!({ "error": {}, "reason": "no audio" }), Some("no audio")),
            (json!({ "message": "no audio" }), Some("no audio")),
            (json!({ "state": "error" }), None),
        ] {
            assert_eq!(reason(&fields).as_deref(), said, "{fields}");
        }
    }
}
