//! What is read so far of the items of a job. It is in the bucket, because it may be longer than a job's record; the
//! record has its key.

use std::collections::{BTreeMap, VecDeque};

use bucket::{Bucket, ObjectKey};
use job_store::JobStore;
use model::{Error, ErrorClass, Job, JobEvent, MissingFile, Source};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// The field of the job's provider state.
const FIELD: &str = "item_reads";
/// How often an item is asked for that the provider does not answer, while it answers for others.
const MAX_ATTEMPTS: u32 = 10;

/// What is read so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ItemReads {
    /// The items that are not read yet. The first one is next.
    pending: VecDeque<PendingItem>,
    /// The files of each item that was found.
    pub(super) found: BTreeMap<String, Vec<Source>>,
    /// The items that have no file, by their ids.
    pub(super) missing: Vec<MissingFile>,
    /// Consecutive batches that ended because the provider did not answer.
    pub(super) failed_batches: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct PendingItem {
    id: String,
    attempts: u32,
}

/// The part of it that is in the job's record.
#[derive(Debug, Default, Serialize, Deserialize)]
struct StoredItemReads {
    /// The round of the job: [`model::JobRetries::restarts`]. A retry reads everything again.
    round: u32,
    /// The S3 key of the [`ItemReads`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Set when the reads have ended without any file: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conclusion: Option<String>,
}

/// Returns why the reads of a job ended without any file, if they did in this round of the job.
pub(crate) fn find_conclusion(job: &Job) -> Option<String> {
    find_stored(job)?.conclusion
}

fn find_stored(job: &Job) -> Option<StoredItemReads> {
    let stored = job.provider_state.get(FIELD)?;
    let stored: StoredItemReads = serde_json::from_value(stored.clone()).ok()?;
    Some(stored).filter(|stored| stored.round == job.retries.restarts)
}

impl ItemReads {
    /// Nothing is read yet of these items.
    fn new(items: Vec<String>) -> Self {
        let pending = items.into_iter().map(|id| PendingItem { id, attempts: 0 }).collect();
        Self { pending, ..Self::default() }
    }

    /// Loads what is read so far. Without it, the reads start again.
    pub(super) async fn load(bucket: &Bucket, job: &Job, items: Vec<String>) -> Result<Self, Error> {
        let Some(key) = find_stored(job).and_then(|stored| stored.key) else { return Ok(Self::new(items)) };
        let stored = bucket.get_object(&key).await?;
        let reads = stored.and_then(|stored| serde_json::from_slice(&stored).ok());
        Ok(reads.unwrap_or_else(|| Self::new(items)))
    }

    /// Saves what is read so far, under a key of its own: another invocation may read the earlier one.
    pub(super) async fn save(&self, bucket: &Bucket, job_store: &JobStore, job: &Job) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        let not_serialized =
            |e| Error::new(ErrorClass::Internal, "the read items cannot be serialized").with_source(e);
        let text = serde_json::to_vec(self).map_err(not_serialized)?;
        let key = ObjectKey::DeliveryBody(job.provider.clone(), now, Uuid::now_v7().to_string());
        bucket.put_if_absent(&key, "application/json", text.into()).await?;
        let key = Some(bucket.object_key(&key));
        store(job_store, job, StoredItemReads { key, ..StoredItemReads::default() }).await
    }

    /// The item to read next.
    pub(super) fn next(&self) -> Option<&str> {
        self.pending.front().map(|item| item.id.as_str())
    }

    /// Records the files of the next item.
    pub(super) fn record_found(&mut self, sources: Vec<Source>) {
        if let Some(item) = self.pending.pop_front() {
            self.found.insert(item.id, sources);
        }
    }

    /// Records why the next item has no file.
    pub(super) fn record_missing(&mut self, reason: String) {
        if let Some(item) = self.pending.pop_front() {
            self.missing.push(MissingFile { name: Some(item.id), reason });
        }
    }

    /// Records that no item is asked for any more.
    pub(super) fn give_up(&mut self, error: &Error) {
        let pending = std::mem::take(&mut self.pending);
        self.missing.extend(pending.into_iter().map(|item| unreadable(item.id, error)));
    }

    /// Puts the next item behind the others, since the provider did not answer. After many attempts it is missing,
    /// unless the provider has answered for no item at all.
    pub(super) fn record_unanswered(&mut self, error: &Error) {
        let Some(mut item) = self.pending.pop_front() else { return };
        item.attempts += 1;
        if item.attempts >= MAX_ATTEMPTS && !(self.found.is_empty() && self.missing.is_empty()) {
            return self.missing.push(unreadable(item.id, error));
        }
        self.pending.push_back(item);
    }
}

/// Why an item is missing that the provider does not answer for.
fn unreadable(id: String, error: &Error) -> MissingFile {
    MissingFile { name: Some(id), reason: format!("it cannot be read: {}", error.message) }
}

/// Stores that the reads have ended without any file.
pub(super) async fn store_conclusion(
    job_store: &JobStore,
    job: &Job,
    conclusion: String,
) -> Result<Job, Error> {
    store(job_store, job, StoredItemReads { conclusion: Some(conclusion), ..StoredItemReads::default() })
        .await?;
    Ok(job_store.get(job.id).await?.unwrap_or_else(|| job.clone()))
}

async fn store(job_store: &JobStore, job: &Job, stored: StoredItemReads) -> Result<(), Error> {
    let stored = StoredItemReads { round: job.retries.restarts, ..stored };
    let provider_state = Map::from_iter([(FIELD.to_owned(), json!(stored))]);
    let event = JobEvent::ProviderStateStored { provider_state };
    job_store.apply_event(job.id, &event, OffsetDateTime::now_utc()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unanswered() -> Error {
        Error::new(ErrorClass::ProviderUnavailable, "HTTP 500")
    }

    #[test]
    fn an_item_without_an_answer_is_asked_for_after_the_others_and_in_the_end_is_missing() {
        let mut reads = ItemReads::new(vec!["a".into(), "b".into()]);
        reads.record_unanswered(&unanswered());
        assert_eq!(reads.next(), Some("b"));
        reads.record_found(vec![]);
        for _ in 1..MAX_ATTEMPTS {
            assert_eq!(reads.next(), Some("a"));
            reads.record_unanswered(&unanswered());
        }
        assert_eq!(reads.next(), None);
        let missing = MissingFile { name: Some("a".into()), reason: "it cannot be read: HTTP 500".into() };
        assert_eq!(reads.missing, [missing]);
    }

    #[test]
    fn no_item_is_missing_while_the_provider_answers_nothing() {
        let mut reads = ItemReads::new(vec!["a".into()]);
        (0..100).for_each(|_| reads.record_unanswered(&unanswered()));
        assert_eq!((reads.next(), reads.missing.len()), (Some("a"), 0));
    }
}
