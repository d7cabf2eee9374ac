//! Limits on what a job stores of a provider's data, so that its record always fits into the DynamoDB table.
//!
//! DynamoDB's quotas (developer guide, "Quotas in Amazon DynamoDB"): an item is at most 400 KB, attribute names
//! included; a partition key is at most 2,048 bytes and a sort key 1,024 bytes, also of an index; attributes nest at
//! most 32 levels deep; a number has at most 38 digits and lies between 1E-130 and 9.99E+125. DynamoDB rejects an item
//! beyond them with `ValidationException` on every attempt.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{Error, ErrorClass, Event, JobError, Missing, Violation};

/// The maximum length of a provider job id, in bytes. With the provider's name it is the key of an index.
pub const MAX_ID_BYTES: usize = 1024;
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
pub fn shortened(text: &str, max_bytes: usize) -> String {
    match text.len() <= max_bytes {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(max_bytes.saturating_sub('…'.len_utf8()))]),
    }
}

/// Truncates what an event says to what the job's record can hold. An id cannot be truncated: the outcome of work whose
/// id is too long is unknown.
#[must_use]
pub(crate) fn limit_event(event: Event, now: OffsetDateTime) -> Event {
    match event {
        Event::Accepted { provider_job_id } if provider_job_id.as_str().len() > MAX_ID_BYTES => {
            let length = provider_job_id.as_str().len();
            let message =
                format!("the provider job id is {length} bytes long; at most {MAX_ID_BYTES} can be stored");
            let error = Error::new(ErrorClass::ProviderOutcomeUnknown, message).for_record(now);
            Event::OutcomeUnknown { error }
        }
        Event::Deferred { error } => Event::Deferred { error: error.map(limit_error) },
        Event::Refused { error } => Event::Refused { error: limit_error(error) },
        Event::OutcomeUnknown { error } => Event::OutcomeUnknown { error: limit_error(error) },
        Event::Expired { error } => Event::Expired { error: limit_error(error) },
        Event::LandingPostponed { error, slow } => {
            Event::LandingPostponed { error: limit_error(error), slow }
        }
        Event::LandedPartly { haul, error } => Event::LandedPartly { haul, error: limit_error(error) },
        Event::LandingFailed { archive, error } => {
            Event::LandingFailed { archive, error: limit_error(error) }
        }
        Event::LandingChecked { next, queued, error } => {
            Event::LandingChecked { next, queued, error: error.map(limit_error) }
        }
        Event::Failed { error, missing } => {
            Event::Failed { error: limit_error(error), missing: limit_missing_files(missing) }
        }
        Event::Finished { sources, missing } => {
            Event::Finished { sources, missing: limit_missing_files(missing) }
        }
        Event::Progressed { percent } => Event::Progressed { percent: limit_percent(percent) },
        Event::Answered { result } => Event::Answered { result: limit_result(result) },
        Event::Noted { notes } => Event::Noted { notes: limit_notes(notes) },
        Event::Begun
        | Event::Accepted { .. }
        | Event::Checked { .. }
        | Event::Hinted { .. }
        | Event::LandingStarted
        | Event::Transferred { .. }
        | Event::Landed { .. }
        | Event::Cancelled
        | Event::LandingRetried
        | Event::InquiryRetried { .. }
        | Event::Resubmitted { .. } => event,
    }
}

fn limit_error(mut error: JobError) -> JobError {
    error.message = shortened(&error.message, MAX_MESSAGE_BYTES);
    error.errors = limit_violations(error.errors);
    if let Some(provider) = &mut error.provider {
        provider.id = shortened(&provider.id, MAX_TEXT_BYTES);
        provider.message = shortened(&provider.message, MAX_MESSAGE_BYTES);
        provider.errors = limit_violations(std::mem::take(&mut provider.errors));
    }
    error
}

fn limit_violations(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.truncate(MAX_VIOLATIONS);
    for violation in &mut violations {
        violation.field = shortened(&violation.field, MAX_TEXT_BYTES);
        violation.message = shortened(&violation.message, MAX_TEXT_BYTES);
    }
    violations
}

/// Keeps the first missing files, and adds an entry that counts the others.
fn limit_missing_files(missing: Vec<Missing>) -> Vec<Missing> {
    let (total, mut bytes) = (missing.len(), 0);
    let truncated = missing.into_iter().map(|missing| Missing {
        name: missing.name.map(|name| shortened(&name, MAX_TEXT_BYTES)),
        reason: shortened(&missing.reason, MAX_TEXT_BYTES),
    });
    let mut limited: Vec<Missing> = truncated
        .take(MAX_MISSING)
        .take_while(|missing| {
            bytes += missing.name.as_ref().map_or(0, String::len) + missing.reason.len();
            bytes <= MAX_MISSING_BYTES
        })
        .collect();
    if limited.len() < total {
        let reason = format!("{} more files that the provider could not make", total - limited.len());
        limited.push(Missing { name: None, reason });
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
        assert_eq!(shortened("é", 2), "é");
        assert_eq!(shortened("ééé", 5), "é…");
        assert_eq!(shortened(&"x".repeat(600), MAX_TEXT_BYTES).len(), MAX_TEXT_BYTES);
    }

    #[test]
    fn missing_files_beyond_the_limit_are_counted() {
        let missing = |length: usize| Missing { name: None, reason: "r".repeat(length) };
        let finished = Event::Finished { sources: vec![], missing: vec![missing(90_000); 1000] };
        let Event::Finished { missing, .. } = limit_event(finished, NOW) else { panic!("another event") };
        let length: usize = missing.iter().map(|missing| missing.reason.len()).sum();
        assert!(length < MAX_MISSING_BYTES + 100, "{length}");
        let count = format!("{} more files", 1000 - (missing.len() - 1));
        assert!(missing.last().is_some_and(|last| last.reason.starts_with(&count)));
    }

    #[test]
    fn the_outcome_is_unknown_when_the_provider_job_id_is_too_long_for_a_key() {
        let accepted =
            |length: usize| Event::Accepted { provider_job_id: ProviderJobId::new("i".repeat(length)) };
        assert!(matches!(limit_event(accepted(MAX_ID_BYTES), NOW), Event::Accepted { .. }));
        assert!(matches!(limit_event(accepted(MAX_ID_BYTES + 1), NOW), Event::OutcomeUnknown { .. }));
    }

    #[test]
    fn progress_is_limited_to_numbers_that_dynamodb_accepts() {
        for (percent, stored) in [(33.333_333, 33.333), (1e-300, 0.0), (f64::NAN, 0.0), (1e300, 100.0)] {
            let Event::Progressed { percent } = limit_event(Event::Progressed { percent }, NOW) else {
                panic!("another event")
            };
            assert_eq!(percent.to_bits(), f64::to_bits(stored));
        }
    }
}
