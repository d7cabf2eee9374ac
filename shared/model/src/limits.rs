//! How much of what a provider says a job keeps, so that its record always fits into the table.
//!
//! DynamoDB's quotas (developer guide, "Quotas in Amazon DynamoDB"): an item is at most 400 KB, attribute names
//! included; a partition key is at most 2,048 bytes and a sort key 1,024 bytes, also of an index; attributes nest at
//! most 32 levels deep; a number has at most 38 digits and lies between 1E-130 and 9.99E+125. What is beyond them is
//! refused with `ValidationException`, however often it is sent.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{Error, ErrorClass, Event, JobError, Missing, Violation};

/// The longest id of a provider's work, in bytes. Beside the provider's name it is the key of an index.
pub const MAX_ID_BYTES: usize = 1024;
/// The longest message of an error.
const MAX_MESSAGE_BYTES: usize = 2000;
/// The longest other text for people.
const MAX_TEXT_BYTES: usize = 500;
/// The most remarks on fields.
const MAX_VIOLATIONS: usize = 20;
/// The most files that a provider could not make, and the most bytes of their names and reasons.
const MAX_MISSING: usize = 200;
const MAX_MISSING_BYTES: usize = 24 * 1024;
/// The longest value of one note, as JSON.
const MAX_NOTE_BYTES: usize = 4 * 1024;
/// The longest answer that is kept as a job's result, as JSON.
const MAX_RESULT_BYTES: usize = 48 * 1024;

/// The first bytes of a text, at most `most`, and a mark if that is not all of it.
pub fn shortened(text: &str, most: usize) -> String {
    match text.len() <= most {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(most.saturating_sub('…'.len_utf8()))]),
    }
}

impl Event {
    /// The event as a job's record can hold it. An id cannot be cut: work whose id cannot be kept is not known.
    #[must_use]
    pub(crate) fn within_limits(self, now: OffsetDateTime) -> Self {
        match self {
            Event::Accepted { provider_job_id } if provider_job_id.as_str().len() > MAX_ID_BYTES => {
                let length = provider_job_id.as_str().len();
                let message =
                    format!("the provider's id for the work is {length} bytes long and cannot be kept");
                let error = Error::new(ErrorClass::ProviderOutcomeUnknown, message).for_record(now);
                Event::OutcomeUnknown { error }
            }
            Event::Deferred { error } => Event::Deferred { error: error.map(error_within_limits) },
            Event::Refused { error } => Event::Refused { error: error_within_limits(error) },
            Event::OutcomeUnknown { error } => Event::OutcomeUnknown { error: error_within_limits(error) },
            Event::Expired { error } => Event::Expired { error: error_within_limits(error) },
            Event::LandingPostponed { error, slow } => {
                Event::LandingPostponed { error: error_within_limits(error), slow }
            }
            Event::LandedPartly { haul, error } => {
                Event::LandedPartly { haul, error: error_within_limits(error) }
            }
            Event::LandingFailed { archive, error } => {
                Event::LandingFailed { archive, error: error_within_limits(error) }
            }
            Event::LandingChecked { next, queued, error } => {
                Event::LandingChecked { next, queued, error: error.map(error_within_limits) }
            }
            Event::Failed { error, missing } => {
                Event::Failed { error: error_within_limits(error), missing: missing_within_limits(missing) }
            }
            Event::Finished { sources, missing } => {
                Event::Finished { sources, missing: missing_within_limits(missing) }
            }
            Event::Progressed { percent } => Event::Progressed { percent: percent_within_limits(percent) },
            Event::Answered { result } => Event::Answered { result: result_within_limits(result) },
            Event::Noted { notes } => Event::Noted { notes: notes_within_limits(notes) },
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
            | Event::Resubmitted { .. } => self,
        }
    }
}

fn error_within_limits(mut error: JobError) -> JobError {
    error.message = shortened(&error.message, MAX_MESSAGE_BYTES);
    error.errors = violations_within_limits(error.errors);
    if let Some(provider) = &mut error.provider {
        provider.id = shortened(&provider.id, MAX_TEXT_BYTES);
        provider.message = shortened(&provider.message, MAX_MESSAGE_BYTES);
        provider.errors = violations_within_limits(std::mem::take(&mut provider.errors));
    }
    error
}

fn violations_within_limits(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.truncate(MAX_VIOLATIONS);
    for violation in &mut violations {
        violation.field = shortened(&violation.field, MAX_TEXT_BYTES);
        violation.message = shortened(&violation.message, MAX_TEXT_BYTES);
    }
    violations
}

/// The first of the missing files, and how many more there are.
fn missing_within_limits(missing: Vec<Missing>) -> Vec<Missing> {
    let (total, mut bytes) = (missing.len(), 0);
    let short = missing.into_iter().map(|missing| Missing {
        name: missing.name.map(|name| shortened(&name, MAX_TEXT_BYTES)),
        reason: shortened(&missing.reason, MAX_TEXT_BYTES),
    });
    let mut kept: Vec<Missing> = short
        .take(MAX_MISSING)
        .take_while(|missing| {
            bytes += missing.name.as_ref().map_or(0, String::len) + missing.reason.len();
            bytes <= MAX_MISSING_BYTES
        })
        .collect();
    if kept.len() < total {
        let reason = format!("{} more files that the provider could not make", total - kept.len());
        kept.push(Missing { name: None, reason });
    }
    kept
}

/// Thousandths of a percent are enough, and every number that is left fits into the table.
fn percent_within_limits(percent: f64) -> f64 {
    if percent.is_finite() { (percent.clamp(0.0, 100.0) * 1000.0).round() / 1000.0 } else { 0.0 }
}

fn result_within_limits(result: Value) -> Value {
    let length = result.to_string().len();
    match length <= MAX_RESULT_BYTES {
        true => result,
        false => Value::String(format!("the provider's answer is {length} bytes long and cannot be kept")),
    }
}

/// A note that is too long is worth nothing: it counts as not known.
fn notes_within_limits(notes: Map<String, Value>) -> Map<String, Value> {
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
    fn a_text_is_cut_between_characters() {
        assert_eq!(shortened("é", 2), "é");
        assert_eq!(shortened("ééé", 5), "é…");
        assert_eq!(shortened(&"x".repeat(600), MAX_TEXT_BYTES).len(), MAX_TEXT_BYTES);
    }

    #[test]
    fn missing_files_that_are_left_out_are_counted() {
        let missing = |length: usize| Missing { name: None, reason: "r".repeat(length) };
        let Event::Finished { missing, .. } =
            (Event::Finished { sources: vec![], missing: vec![missing(90_000); 1000] }).within_limits(NOW)
        else {
            panic!("another event")
        };
        let length: usize = missing.iter().map(|missing| missing.reason.len()).sum();
        assert!(length < MAX_MISSING_BYTES + 100, "{length}");
        let told = format!("{} more files", 1000 - (missing.len() - 1));
        assert!(missing.last().is_some_and(|last| last.reason.starts_with(&told)));
    }

    #[test]
    fn an_id_that_cannot_be_a_key_leaves_the_outcome_unknown() {
        let accepted =
            |length: usize| Event::Accepted { provider_job_id: ProviderJobId::new("i".repeat(length)) };
        assert!(matches!(accepted(MAX_ID_BYTES).within_limits(NOW), Event::Accepted { .. }));
        assert!(matches!(accepted(MAX_ID_BYTES + 1).within_limits(NOW), Event::OutcomeUnknown { .. }));
    }

    #[test]
    fn progress_is_a_number_that_the_table_takes() {
        for (percent, kept) in [(33.333_333, 33.333), (1e-300, 0.0), (f64::NAN, 0.0), (1e300, 100.0)] {
            let Event::Progressed { percent } = (Event::Progressed { percent }).within_limits(NOW) else {
                panic!("another event")
            };
            assert_eq!(percent.to_bits(), f64::to_bits(kept));
        }
    }
}
