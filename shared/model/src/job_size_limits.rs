//! Limits on what a job stores of a provider's data, so that its record always fits into the DynamoDB table.
//!
//! DynamoDB's quotas (developer guide, "Quotas in Amazon DynamoDB"): an item is at most 400 KB, attribute names
//! included; a partition key is at most 2,048 bytes and a sort key 1,024 bytes, also of an index; attributes nest at
//! most 32 levels deep; a number has at most 38 digits and lies between 1E-130 and 9.99E+125. DynamoDB rejects an item
//! beyond them with `ValidationException` on every attempt.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{Error, ErrorClass, JobError, JobEvent, MissingFile, Violation};

/// The maximum length of a provider job id, in bytes. With the provider's name it is the key of an index.
pub const MAX_PROVIDER_JOB_ID_BYTES: usize = 1024;
/// The maximum length of an error message.
const MAX_MESSAGE_BYTES: usize = 2000;
/// The maximum length of other texts for people.
const MAX_TEXT_BYTES: usize = 500;
/// The maximum number of violations.
const MAX_VIOLATIONS: usize = 20;
/// The maximum number of missing files, and the maximum length of their names and reasons together.
const MAX_MISSING: usize = 200;
const MAX_MISSING_BYTES: usize = 24 * 1024;
/// The maximum length of one field of the stored provider state, as JSON.
const MAX_NOTE_BYTES: usize = 4 * 1024;
/// The maximum length of a response that is stored as the result of a job, as JSON.
const MAX_RESULT_BYTES: usize = 48 * 1024;

/// Truncates a text to at most `max_bytes` bytes. A truncated text ends with an ellipsis.
pub fn truncate_text(text: &str, max_bytes: usize) -> String {
    match text.len() <= max_bytes {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(max_bytes.saturating_sub('…'.len_utf8()))]),
    }
}

/// Truncates what an event says to what the job's record can hold. An id cannot be truncated: the outcome of work whose
/// id is too long is unknown.
#[must_use]
pub(crate) fn limit_event(event: JobEvent, now: OffsetDateTime) -> JobEvent {
    match event {
        JobEvent::SubmissionAccepted { provider_job_id }
            if provider_job_id.as_str().len() > MAX_PROVIDER_JOB_ID_BYTES =>
        {
            let length = provider_job_id.as_str().len();
            let message = format!(
                "the provider job id is {length} bytes long; at most {MAX_PROVIDER_JOB_ID_BYTES} can be stored"
            );
            let error = Error::new(ErrorClass::ProviderOutcomeUnknown, message).to_job_error(now);
            JobEvent::SubmissionOutcomeUnknown { error }
        }
        JobEvent::SubmissionDeferred { error } => {
            JobEvent::SubmissionDeferred { error: error.map(limit_error) }
        }
        JobEvent::SubmissionRejected { error } => JobEvent::SubmissionRejected { error: limit_error(error) },
        JobEvent::SubmissionOutcomeUnknown { error } => {
            JobEvent::SubmissionOutcomeUnknown { error: limit_error(error) }
        }
        JobEvent::Expired { error } => JobEvent::Expired { error: limit_error(error) },
        JobEvent::LandingPostponed { error, slow_attempt } => {
            JobEvent::LandingPostponed { error: limit_error(error), slow_attempt }
        }
        JobEvent::LandedPartially { landed_files, transfer, error } => {
            JobEvent::LandedPartially { landed_files, transfer, error: limit_error(error) }
        }
        JobEvent::LandingFailed { archive, transfer, error } => {
            JobEvent::LandingFailed { archive, transfer, error: limit_error(error) }
        }
        JobEvent::LandingStallChecked { next_check_at: next, is_requeued, error } => {
            JobEvent::LandingStallChecked { next_check_at: next, is_requeued, error: error.map(limit_error) }
        }
        JobEvent::WorkFailed { error, missing } => {
            JobEvent::WorkFailed { error: limit_error(error), missing: limit_missing_files(missing) }
        }
        JobEvent::FilesReady { sources, missing } => {
            JobEvent::FilesReady { sources, missing: limit_missing_files(missing) }
        }
        JobEvent::FilesFound { sources, missing, completed_by } => {
            JobEvent::FilesFound { sources, missing: limit_missing_files(missing), completed_by }
        }
        JobEvent::MissingFilesNamed { missing } => {
            JobEvent::MissingFilesNamed { missing: limit_missing_files(missing) }
        }
        JobEvent::ProgressReported { percent } => {
            JobEvent::ProgressReported { percent: limit_percent(percent) }
        }
        JobEvent::ResultReturned { result } => JobEvent::ResultReturned { result: limit_result(result) },
        JobEvent::ProviderStateStored { provider_state } => {
            JobEvent::ProviderStateStored { provider_state: limit_notes(provider_state) }
        }
        JobEvent::SubmissionStarted
        | JobEvent::PhaseFinished
        | JobEvent::SubmissionAccepted { .. }
        | JobEvent::StatusPolled { .. }
        | JobEvent::UnverifiedCallbackReceived { .. }
        | JobEvent::LandingStarted
        | JobEvent::TransferProgressed { .. }
        | JobEvent::Landed { .. }
        | JobEvent::Cancelled
        | JobEvent::LandingRetried
        | JobEvent::PollingRetried { .. }
        | JobEvent::Resubmitted { .. } => event,
    }
}

fn limit_error(mut error: JobError) -> JobError {
    error.message = truncate_text(&error.message, MAX_MESSAGE_BYTES);
    error.errors = limit_violations(error.errors);
    if let Some(provider) = &mut error.provider {
        provider.id = truncate_text(&provider.id, MAX_TEXT_BYTES);
        provider.message = truncate_text(&provider.message, MAX_MESSAGE_BYTES);
        provider.errors = limit_violations(std::mem::take(&mut provider.errors));
    }
    error
}

fn limit_violations(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.truncate(MAX_VIOLATIONS);
    for violation in &mut violations {
        violation.field = truncate_text(&violation.field, MAX_TEXT_BYTES);
        violation.message = truncate_text(&violation.message, MAX_TEXT_BYTES);
    }
    violations
}

/// Keeps the first missing files, and adds an entry that counts the others.
fn limit_missing_files(missing: Vec<MissingFile>) -> Vec<MissingFile> {
    let (total, mut bytes) = (missing.len(), 0);
    let truncated = missing.into_iter().map(|missing| MissingFile {
        name: missing.name.map(|name| truncate_text(&name, MAX_TEXT_BYTES)),
        reason: truncate_text(&missing.reason, MAX_TEXT_BYTES),
    });
    let mut limited: Vec<MissingFile> = truncated
        .take(MAX_MISSING)
        .take_while(|missing| {
            bytes += missing.name.as_ref().map_or(0, String::len) + missing.reason.len();
            bytes <= MAX_MISSING_BYTES
        })
        .collect();
    if limited.len() < total {
        let reason = format!("{} more files are missing", total - limited.len());
        limited.push(MissingFile { name: None, reason });
    }
    limited
}

/// Rounds to thousandths of a percent. Every number that is left is valid in DynamoDB.
fn limit_percent(percent: f64) -> f64 {
    if percent.is_finite() { (percent.clamp(0.0, 100.0) * 1000.0).round() / 1000.0 } else { 0.0 }
}

fn limit_result(result: Value) -> Value {
    let length = result.to_string().len();
    match length <= MAX_RESULT_BYTES {
        true => result,
        false => Value::String(format!(
            "the provider's response is {length} bytes long; at most {MAX_RESULT_BYTES} can be stored"
        )),
    }
}

/// Replaces fields that are too long by null. A truncated field would be of no use.
fn limit_notes(notes: Map<String, Value>) -> Map<String, Value> {
    let fits = |value: &Value| value.to_string().len() <= MAX_NOTE_BYTES;
    notes
        .into_iter()
        .map(|(name, value)| if fits(&value) { (name, value) } else { (name, Value::Null) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderJobId;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn texts_are_truncated_between_characters() {
        assert_eq!(truncate_text("é", 2), "é");
        assert_eq!(truncate_text("ééé", 5), "é…");
        assert_eq!(truncate_text(&"x".repeat(600), MAX_TEXT_BYTES).len(), MAX_TEXT_BYTES);
    }

    #[test]
    fn missing_files_beyond_the_limit_are_counted() {
        let missing = |length: usize| MissingFile { name: None, reason: "r".repeat(length) };
        let finished = JobEvent::FilesReady { sources: vec![], missing: vec![missing(90_000); 1000] };
        let JobEvent::FilesReady { missing, .. } = limit_event(finished, NOW) else {
            panic!("another event")
        };
        let length: usize = missing.iter().map(|missing| missing.reason.len()).sum();
        assert!(length < MAX_MISSING_BYTES + 100, "{length}");
        let count = format!("{} more files", 1000 - (missing.len() - 1));
        assert!(missing.last().is_some_and(|last| last.reason.starts_with(&count)));
    }

    #[test]
    fn the_outcome_is_unknown_when_the_provider_job_id_is_too_long_for_a_key() {
        let accepted = |length: usize| JobEvent::SubmissionAccepted {
            provider_job_id: ProviderJobId::new("i".repeat(length)),
        };
        assert!(matches!(
            limit_event(accepted(MAX_PROVIDER_JOB_ID_BYTES), NOW),
            JobEvent::SubmissionAccepted { .. }
        ));
        assert!(matches!(
            limit_event(accepted(MAX_PROVIDER_JOB_ID_BYTES + 1), NOW),
            JobEvent::SubmissionOutcomeUnknown { .. }
        ));
    }

    #[test]
    fn progress_is_limited_to_numbers_that_dynamodb_accepts() {
        for (percent, stored) in [(33.333_333, 33.333), (1e-300, 0.0), (f64::NAN, 0.0), (1e300, 100.0)] {
            let JobEvent::ProgressReported { percent } =
                limit_event(JobEvent::ProgressReported { percent }, NOW)
            else {
                panic!("another event")
            };
            assert_eq!(percent.to_bits(), f64::to_bits(stored));
        }
    }
}
