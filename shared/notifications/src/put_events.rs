//! An event as EventBridge takes it, and how many of them it takes at once.

use aws_sdk_eventbridge::{primitives::DateTime, types::PutEventsRequestEntry};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{JobEvent, ProviderEvent};

/// Whom the events are from, `source` in a rule.
const SOURCE: &str = "landfall";
/// The most entries of one call.
const MAX_ENTRIES: usize = 10;
/// The most bytes of one call's entries, and so of one entry: 256 KB.
const MAX_ENTRY_BYTES: usize = 256 * 1024;
/// What the time of an entry counts.
const TIME: usize = 14;

/// An event, written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PutEventsEntry {
    name: &'static str,
    detail: String,
    at: OffsetDateTime,
}

impl PutEventsEntry {
    pub(crate) fn of_job(event: &JobEvent<'_>) -> Self {
        let whole = serde_json::to_string(event).unwrap_or_default();
        let entry = Self { name: event.name(), detail: whole, at: event.updated_at() };
        if entry.bytes() <= MAX_ENTRY_BYTES {
            return entry;
        }
        Self { detail: event.shortened().to_string(), ..entry }
    }

    pub(crate) fn of_provider(event: &ProviderEvent<'_>) -> Self {
        let whole = serde_json::to_string(event).unwrap_or_default();
        let entry = Self { name: "Provider Event", detail: whole, at: event.received_at };
        if entry.bytes() <= MAX_ENTRY_BYTES {
            return entry;
        }
        let without = ProviderEvent { body: None::<Value>, ..event.clone() };
        Self { detail: serde_json::to_string(&without).unwrap_or_default(), ..entry }
    }

    /// What EventBridge counts.
    fn bytes(&self) -> usize {
        TIME + SOURCE.len() + self.name.len() + self.detail.len()
    }

    pub(crate) fn request(&self, bus: &str) -> PutEventsRequestEntry {
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

/// The first entries that one call takes, and the rest.
pub(crate) fn next_call(entries: &[PutEventsEntry]) -> (&[PutEventsEntry], &[PutEventsEntry]) {
    let mut bytes = 0;
    let fit = entries.iter().take(MAX_ENTRIES).take_while(|entry| {
        bytes += entry.bytes();
        bytes <= MAX_ENTRY_BYTES
    });
    // One is always taken, so that there is an end.
    entries.split_at(fit.count().max(1).min(entries.len()))
}

#[cfg(test)]
mod tests {
    use model::{JobId, NewJob, Origin, ProviderName, Violation};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_that_is_too_long_keeps_what_counts() {
        let mut job = model::Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({}),
            expected: None,
            metadata: Some(json!("m".repeat(4096))),
            unpack: None,
            origin: Origin::Submitted,
        });
        let violations = vec![Violation::new("field", "x".repeat(MAX_ENTRY_BYTES))];
        let error = model::Error::violations(violations).for_record(job.created_at);
        let error = model::JobError { message: "no".into(), ..error };
        let (event, now) = (model::Event::Refused { error }, job.created_at);
        let change = job.apply(event.clone(), now);
        job.add_outbox_event(&event, change, now);
        let entry = PutEventsEntry::of_job(&JobEvent::all(&job)[0]);
        let detail: Value = serde_json::from_str(&entry.detail).expect("JSON");
        assert!(entry.bytes() < MAX_ENTRY_BYTES);
        assert_eq!((&detail["status"], &detail["error"]["message"]), (&json!("failed"), &json!("no")));
    }

    #[test]
    fn a_long_report_is_passed_on_without_its_body() {
        let provider = ProviderName::new("abyssale");
        let body = Some(json!("b".repeat(MAX_ENTRY_BYTES)));
        let received_at = OffsetDateTime::UNIX_EPOCH;
        let event = ProviderEvent { id: "1", provider: &provider, name: "NEW_BANNER", received_at, body };
        let detail: Value = serde_json::from_str(&PutEventsEntry::of_provider(&event).detail).expect("JSON");
        assert_eq!((&detail["body"], &detail["name"]), (&Value::Null, &json!("NEW_BANNER")));
    }

    fn entry(length: usize) -> PutEventsEntry {
        PutEventsEntry { name: "Job Stored", detail: "x".repeat(length), at: OffsetDateTime::UNIX_EPOCH }
    }

    #[test]
    fn a_call_takes_ten_entries_or_as_many_as_its_length_allows() {
        let many = vec![entry(1); 23];
        let (first, rest) = next_call(&many);
        assert_eq!((first.len(), rest.len()), (10, 13));
        let long = vec![entry(100 * 1024); 5];
        assert_eq!(next_call(&long).0.len(), 2);
        assert_eq!(next_call(&[entry(MAX_ENTRY_BYTES)]).0.len(), 1);
        assert_eq!(next_call(&[]), (&[][..], &[][..]));
    }
}
