//! Observes state words that this version does not know. The vocabulary is not published (contract 3.1), and an unknown word
//! counts as running, so a new word for a failure would only end with the timeout.

use http::StatusCode;

use super::{
    envelope::{ExpectedPayload, open_envelope},
    export_status::progress::{ExportPhase, Project},
};
use crate::Observation;

/// Longer responses are not read again. Those about the progress are short, and a project with its scenes may be
/// megabytes (contract 5.1).
const MAX_OBSERVED_BYTES: usize = 64 * 1024;

/// The words that have been seen while work was in progress (contract 3 and 3.1).
const RUNNING_WORDS: [&str; 2] = ["exporting", "building audio"];

/// Observes a response of the API: about the progress of a project, or about a project.
pub(super) fn observe_response(status: StatusCode, body: &[u8]) -> Vec<Observation> {
    if body.len() > MAX_OBSERVED_BYTES {
        return vec![];
    }
    let Ok(payload) = open_envelope(status, body, ExpectedPayload::Object) else { return vec![] };
    let state = Project::read(&payload).progress.state;
    let unknown = state.filter(|word| {
        let is_running = ExportPhase::parse(Some(word)) == ExportPhase::Running;
        is_running && !RUNNING_WORDS.contains(&word.to_lowercase().as_str())
    });
    unknown.map(|word| Observation::unknown_value("state", &word)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_word_without_a_known_meaning_is_observed() {
        for (body, expected) in [
            (r#"{"success":true,"data":{"state":"exporting","progress":37.25}}"#, None),
            (r#"{"success":true,"data":{"state":" Exported","progress":100}}"#, None),
            (r#"{"success":true,"data":{"state":"failed"}}"#, None),
            (r#"{"success":true,"data":{"progress":3}}"#, None),
            (r#"{"success":true,"data":{"state":"On Hold","progress":3}}"#, Some("On Hold")),
            (r#"{"success":true,"data":{"project":{"_id":"p","state":"melted"}}}"#, Some("melted")),
            (r#"{"success":false,"error":{"code":4040,"msg":"x"}}"#, None),
            ("<html>", None),
        ] {
            let observed = observe_response(StatusCode::OK, body.as_bytes());
            let expected: Vec<Observation> =
                expected.into_iter().map(|word| Observation::unknown_value("state", word)).collect();
            assert_eq!(observed, expected, "{body}");
        }
    }
}
