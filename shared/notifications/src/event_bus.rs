//! Publishing: as few calls as it takes, and what EventBridge did not take is sent again.

use std::time::Duration;

use aws_sdk_eventbridge::{Client, error::ProvideErrorMetadata, operation::put_events::PutEventsOutput};
use model::{Error, ErrorClass};

use crate::{
    JobEvent, ProviderEvent,
    put_events::{PutEventsEntry, next_call},
};

/// How often an entry is sent that a call was answered for but did not take.
const MAX_ATTEMPTS: u32 = 4;
/// The first wait before that; doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A bus of EventBridge.
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

    /// Publishes what happened to jobs, in order.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]: some may have been published and others not. Publishing all of them again
    /// is right, since each has an id.
    pub async fn publish(&self, events: &[JobEvent<'_>]) -> Result<(), Error> {
        self.put(events.iter().map(PutEventsEntry::of_job).collect()).await
    }

    /// Publishes what a provider reported about no job.
    ///
    /// # Errors
    /// As [`EventBus::publish`].
    pub async fn pass_on(&self, event: &ProviderEvent<'_>) -> Result<(), Error> {
        self.put(vec![PutEventsEntry::of_provider(event)]).await
    }

    async fn put(&self, entries: Vec<PutEventsEntry>) -> Result<(), Error> {
        let mut rest = &entries[..];
        while !rest.is_empty() {
            let (now, later) = next_call(rest);
            self.call(now.to_vec()).await?;
            rest = later;
        }
        Ok(())
    }

    /// Sends the entries of one call until all of them are taken.
    async fn call(&self, mut entries: Vec<PutEventsEntry>) -> Result<(), Error> {
        let mut refused = String::new();
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(FIRST_WAIT * 2_u32.pow(attempt - 1)).await;
            }
            let requests = entries.iter().map(|entry| entry.request(&self.bus)).collect();
            let answer = self.client.put_events().set_entries(Some(requests)).send().await;
            let answer = answer.map_err(|e| {
                let class = e.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or("no answer");
                not_taken(class.to_owned())
            })?;
            (entries, refused) = left_out(entries, &answer);
            if entries.is_empty() {
                return Ok(());
            }
        }
        Err(not_taken(refused))
    }
}

/// The entries that a call did not take, and why the first of them.
fn left_out(entries: Vec<PutEventsEntry>, answer: &PutEventsOutput) -> (Vec<PutEventsEntry>, String) {
    if answer.failed_entry_count() == 0 {
        return (vec![], String::new());
    }
    let codes = answer.entries().iter().map(|result| result.error_code());
    let left = entries.into_iter().zip(codes).filter_map(|(entry, code)| Some((entry, code?.to_owned())));
    let (left, codes): (Vec<PutEventsEntry>, Vec<String>) = left.unzip();
    (left, codes.into_iter().next().unwrap_or_default())
}

fn not_taken(why: String) -> Error {
    Error::new(ErrorClass::StorageUnavailable, "the event bus did not take the events; try again")
        .retry_after(5)
        .with_source(why)
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
        names.map(|id| PutEventsEntry::of_provider(&event(id))).to_vec()
    }

    #[test]
    fn only_what_was_left_out_is_sent_again() {
        let [first, second, third] = entries(["1", "2", "3"]).try_into().expect("three");
        let taken = || PutEventsResultEntry::builder().event_id("e").build();
        let thrown = || PutEventsResultEntry::builder().error_code("ThrottlingException").build();
        let answer = PutEventsOutput::builder().failed_entry_count(2);
        let answer = answer.entries(thrown()).entries(taken()).entries(thrown()).build();
        let (left, why) = left_out(vec![first.clone(), second, third.clone()], &answer);
        assert_eq!((left, why.as_str()), (vec![first, third], "ThrottlingException"));
    }

    #[test]
    fn of_what_was_taken_nothing_is_left() {
        let (left, _) = left_out(entries(["1", "2", "3"]), &PutEventsOutput::builder().build());
        assert_eq!(left, vec![]);
    }
}
