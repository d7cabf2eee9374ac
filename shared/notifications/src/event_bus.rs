//! Publishes events with as few calls as possible, and retries the entries that EventBridge did not accept.

use std::time::Duration;

use aws_sdk_eventbridge::{Client, error::ProvideErrorMetadata, operation::put_events::PutEventsOutput};
use model::{Error, ErrorClass};

use crate::{
    JobEventDetail, ProviderEvent,
    put_events::{PutEventsEntry, split_batch},
};

/// How often an entry is sent that EventBridge does not accept, although the call succeeds.
const MAX_ATTEMPTS: u32 = 4;
/// The first delay before a retry. It doubles with each attempt.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

/// An event bus of EventBridge.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    bus: String,
}

impl EventBus {
    /// The bus of this name or ARN.
    pub fn new(aws: &aws_types::SdkConfig, bus: impl Into<String>) -> Self {
        Self { client: Client::new(aws), bus: bus.into() }
    }

    /// Publishes events of jobs, in order.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: some events may have been published and others not. All of them can be
    /// published again, because each has an id.
    pub async fn publish_job_events(&self, events: &[JobEventDetail<'_>]) -> Result<(), Error> {
        self.put_events(events.iter().map(PutEventsEntry::from_job_event).collect()).await
    }

    /// Publishes an event of a provider that is about no job.
    ///
    /// # Errors
    /// As [`EventBus::publish_job_events`].
    pub async fn publish_provider_event(&self, event: &ProviderEvent<'_>) -> Result<(), Error> {
        self.put_events(vec![PutEventsEntry::from_provider_event(event)]).await
    }

    async fn put_events(&self, entries: Vec<PutEventsEntry>) -> Result<(), Error> {
        let mut remaining = &entries[..];
        while !remaining.is_empty() {
            let (batch, rest) = split_batch(remaining);
            self.put_batch(batch.to_vec()).await?;
            remaining = rest;
        }
        Ok(())
    }

    /// Sends the entries of one call until EventBridge has accepted all of them.
    async fn put_batch(&self, mut entries: Vec<PutEventsEntry>) -> Result<(), Error> {
        let mut error_code = String::new();
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(FIRST_RETRY_DELAY * 2_u32.pow(attempt - 1)).await;
            }
            let requests = entries.iter().map(|entry| entry.to_request_entry(&self.bus)).collect();
            let output = self.client.put_events().set_entries(Some(requests)).send().await;
            let output = output.map_err(|e| {
                let code = e.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or("no answer");
                not_accepted(code.to_owned())
            })?;
            (entries, error_code) = failed_entries(entries, &output);
            if entries.is_empty() {
                return Ok(());
            }
        }
        Err(not_accepted(error_code))
    }
}

/// The entries that EventBridge did not accept, and the error code of the first of them.
fn failed_entries(entries: Vec<PutEventsEntry>, output: &PutEventsOutput) -> (Vec<PutEventsEntry>, String) {
    if output.failed_entry_count() == 0 {
        return (vec![], String::new());
    }
    let codes = output.entries().iter().map(|result| result.error_code());
    let failed = entries.into_iter().zip(codes).filter_map(|(entry, code)| Some((entry, code?.to_owned())));
    let (failed, codes): (Vec<PutEventsEntry>, Vec<String>) = failed.unzip();
    (failed, codes.into_iter().next().unwrap_or_default())
}

fn not_accepted(error_code: String) -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the event bus did not accept the events; try again")
        .with_retry_after(5)
        .with_source(error_code)
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::types::PutEventsResultEntry;
    use model::ProviderName;
    use serde_json::Value;
    use time::OffsetDateTime;

    use super::*;

    fn entries(names: [&str; 3]) -> Vec<PutEventsEntry> {
        let provider = ProviderName::new("abyssale");
        let event = |id| ProviderEvent {
            id,
            provider: &provider,
            name: "NEW_BANNER",
            received_at: OffsetDateTime::UNIX_EPOCH,
            body: None::<Value>,
        };
        names.map(|id| PutEventsEntry::from_provider_event(&event(id))).to_vec()
    }

    #[test]
    fn only_failed_entries_are_sent_again() {
        let [first, second, third] = entries(["1", "2", "3"]).try_into().expect("three");
        let accepted = || PutEventsResultEntry::builder().event_id("e").build();
        let throttled = || PutEventsResultEntry::builder().error_code("ThrottlingException").build();
        let output = PutEventsOutput::builder().failed_entry_count(2);
        let output = output.entries(throttled()).entries(accepted()).entries(throttled()).build();
        let (failed, code) = failed_entries(vec![first.clone(), second, third.clone()], &output);
        assert_eq!((failed, code.as_str()), (vec![first, third], "ThrottlingException"));
    }

    #[test]
    fn no_entry_failed_when_all_were_accepted() {
        let (failed, _) = failed_entries(entries(["1", "2", "3"]), &PutEventsOutput::builder().build());
        assert_eq!(failed, vec![]);
    }
}
