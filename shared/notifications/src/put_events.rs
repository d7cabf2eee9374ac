//! The entries of `PutEvents`, and how many of them fit into one call.

use aws_sdk_eventbridge::{primitives::DateTime, types::PutEventsRequestEntry};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{JobEventDetail, ProviderEvent};

/// The `source` of the events, as rules match it.
const SOURCE: &str = "landfall";
/// The most entries of one call.
const MAX_ENTRIES: usize = 10;
/// The most bytes of the entries of one call, and so of one entry: 256 KB.
const MAX_ENTRY_BYTES: usize = 256 * 1024;
/// The bytes that the time of an entry counts.
const TIME_BYTES: usize = 14;

/// An entry of `PutEvents`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PutEventsEntry {
    name: &'static str,
    detail: String,
    at: OffsetDateTime,
}

impl PutEventsEntry {
    pub(crate) fn from_job_event(event: &JobEventDetail<'_>) -> Self {
        let detail = serde_json::to_string(event).unwrap_or_default();
        let entry = Self { name: event.detail_type(), detail, at: event.updated_at() };
        if entry.bytes() <= MAX_ENTRY_BYTES {
            return entry;
        }
        Self { detail: event.to_short_json().to_string(), ..entry }
    }

    pub(crate) fn from_provider_event(event: &ProviderEvent<'_>) -> Self {
        let detail = serde_json::to_string(event).unwrap_or_default();
        let entry = Self { name: "Provider Event", detail, at: event.received_at };
        if entry.bytes() <= MAX_ENTRY_BYTES {
            return entry;
        }
        let short_event = ProviderEvent { body: None::<Value>, ..event.clone() };
        Self { detail: serde_json::to_string(&short_event).unwrap_or_default(), ..entry }
    }

    /// The size of the entry as EventBridge counts it.
    fn bytes(&self) -> usize {
        TIME_BYTES + SOURCE.len() + self.name.len() + self.detail.len()
    }

    pub(crate) fn to_request_entry(&self, bus: &str) -> PutEventsRequestEntry {
        let milliseconds = self.at.unix_timestamp_nanos() / 1_000_000;
        PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(self.name)
            .detail(&self.detail)
            .time(DateTime::from_millis(i64::try_from(milliseconds).unwrap_or_default()))
            .event_bus_name(bus)
            .build()
    }
}

/// Splits entries into those that fit into one call, and the rest.
pub(crate) fn split_batch(entries: &[PutEventsEntry]) -> (&[PutEventsEntry], &[PutEventsEntry]) {
    let mut bytes = 0;
    let fit = entries.iter().take(MAX_ENTRIES).take_while(|entry| {
        bytes += entry.bytes();
        bytes <= MAX_ENTRY_BYTES
    });
    // At least one entry is sent, so that the loop ends.
    entries.split_at(fit.count().max(1).min(entries.len()))
}

#[cfg(test)]
mod tests {
    use model::{JobId, JobOrigin, NewJob, ProviderName, Violation};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_that_is_too_long_keeps_status_and_error_message() {
        let mut job = model::Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({}),
            expected_files: None,
            metadata: Some(json!("m".repeat(4096))),
            unpack: None,
            origin: JobOrigin::Submitted,
        });
        let violations = vec![Violation::new("field", "x".repeat(MAX_ENTRY_BYTES))];
        let error = model::Error::from_violations(violations).to_job_error(job.created_at);
        let error = model::JobError { message: "no".into(), ..error };
        let (event, now) = (model::JobEvent::SubmissionRejected { error }, job.created_at);
        let change = job.apply(event.clone(), now);
        job.add_outbox_event(&event, change, now);
        let entry = PutEventsEntry::from_job_event(&JobEventDetail::pending_for_bus(&job)[0]);
        let detail: Value = serde_json::from_str(&entry.detail).expect("JSON");
        assert!(entry.bytes() < MAX_ENTRY_BYTES);
        assert_eq!((&detail["status"], &detail["error"]["message"]), (&json!("failed"), &json!("no")));
    }

    #[test]
    fn a_long_provider_event_is_published_without_its_body() {
        let provider = ProviderName::new("abyssale");
        let body = Some(json!("b".repeat(MAX_ENTRY_BYTES)));
        let received_at = OffsetDateTime::UNIX_EPOCH;
        let event = ProviderEvent { id: "1", provider: &provider, name: "NEW_BANNER", received_at, body };
        let detail: Value =
            serde_json::from_str(&PutEventsEntry::from_provider_event(&event).detail).expect("JSON");
        assert_eq!((&detail["body"], &detail["name"]), (&Value::Null, &json!("NEW_BANNER")));
    }

    fn entry_of_length(length: usize) -> PutEventsEntry {
        PutEventsEntry { name: "Job Stored", detail: "x".repeat(length), at: OffsetDateTime::UNIX_EPOCH }
    }

    #[test]
    fn a_call_has_ten_entries_or_as_many_as_its_size_allows() {
        let many = vec![entry_of_length(1); 23];
        let (first, rest) = split_batch(&many);
        assert_eq!((first.len(), rest.len()), (10, 13));
        let long = vec![entry_of_length(100 * 1024); 5];
        assert_eq!(split_batch(&long).0.len(), 2);
        assert_eq!(split_batch(&[entry_of_length(MAX_ENTRY_BYTES)]).0.len(), 1);
        assert_eq!(split_batch(&[]), (&[][..], &[][..]));
    }
}
