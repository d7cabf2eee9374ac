//! Only so many jobs of a provider may be under way at once. Each has one of so many slots, which are places that free
//! themselves when the provider is done with the job.
//!
//! Whoever finds no slot comes back later, and later again. So that it does not go on for ever while others come just when
//! a slot is free, the oldest who found none stands at the head of the line: nobody younger takes a slot for as long as it
//! comes back.

use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use futures_util::future::{try_join, try_join_all};
use model::{Error, JobId, ProviderName, Status};
use time::{Duration, OffsetDateTime};

use crate::{
    JobStore,
    errors::refused,
    exclusive_lock::{REMEMBERED, place_key},
    item::{Reader, Writer},
};

/// Seconds of the Unix epoch at which the head of the line was last here.
const SEEN_AT: &str = "seen_at";
/// Who has not come back for so long stands in no line: three sweeps.
const COMES_BACK: Duration = Duration::minutes(3);

/// Who was the first to be without a slot.
#[derive(Debug, Clone, Copy)]
struct Head {
    job: JobId,
    seen_at: i64,
}

impl Head {
    /// Whether this job has to wait behind it.
    fn is_before(self, job: JobId, now: OffsetDateTime) -> bool {
        // Ids are in the order in which they were made.
        self.job < job && self.seen_at > (now - COMES_BACK).unix_timestamp()
    }
}

impl JobStore {
    /// Takes one of so many slots for a job, unless it has one already. Returns whether it has one now. Who has not should
    /// come back within two minutes.
    ///
    /// # Errors
    /// [`model::ErrorClass::StorageUnavailable`].
    pub async fn take_slot(
        &self,
        provider: &ProviderName,
        slots: u32,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let places: Vec<String> = (1..=slots).map(|number| format!("slot#{number}")).collect();
        let holders = try_join_all(places.iter().map(|place| self.holder(provider, place)));
        let (holders, head) = try_join(holders, self.head(provider)).await?;
        if holders.contains(&Some(job)) {
            return Ok(true);
        }
        if head.is_some_and(|head| head.is_before(job, now)) {
            return Ok(false);
        }
        for place in &places {
            if self.acquire_lock_unless(is_under_way, provider, place, job, now).await?.is_none() {
                if head.is_some_and(|head| head.job == job) {
                    self.stand_at_the_head(provider, Head { job, seen_at: 0 }, now).await?;
                }
                return Ok(true);
            }
        }
        self.stand_at_the_head(provider, Head { job, seen_at: now.unix_timestamp() }, now).await?;
        Ok(false)
    }

    /// The job that took a slot last.
    async fn holder(&self, provider: &ProviderName, slot: &str) -> Result<Option<JobId>, Error> {
        let found = self.read(place_key(provider, slot)).await?;
        found.map(|item| Reader(&item).parsed("job_id")).transpose()
    }

    async fn head(&self, provider: &ProviderName) -> Result<Option<Head>, Error> {
        let Some(item) = self.read(head_key(provider)).await? else { return Ok(None) };
        let item = Reader(&item);
        Ok(Some(Head { job: item.parsed("job_id")?, seen_at: item.maybe_number(SEEN_AT).unwrap_or(0) }))
    }

    /// Writes who is at the head, unless somebody older is.
    async fn stand_at_the_head(
        &self,
        provider: &ProviderName,
        head: Head,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let item = head_key(provider)
            .text("job_id", head.job.to_string())
            .number(SEEN_AT, head.seen_at)
            .number("ttl", now.unix_timestamp() + REMEMBERED);
        let put = (self.client.put_item().table_name(&self.table).set_item(Some(item.done())))
            .condition_expression("attribute_not_exists(pk) OR job_id >= :job OR seen_at < :gone")
            .expression_attribute_values(":job", AttributeValue::S(head.job.to_string()))
            .expression_attribute_values(
                ":gone",
                AttributeValue::N((now - COMES_BACK).unix_timestamp().to_string()),
            );
        match put.send().await {
            Ok(_) => Ok(()),
            Err(e) => match e.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(refused("keep the line", e)),
            },
        }
    }
}

fn head_key(provider: &ProviderName) -> Writer {
    // No project has this sign in its id.
    place_key(provider, "slot#head")
}

/// Whether the provider is at work on a job here, as far as is known. It is not while files are brought in: that may take
/// long, or stand still until somebody mends it, and asks nothing of the provider's renderer.
fn is_under_way(status: Status) -> bool {
    match status {
        Status::Waiting | Status::Submitting | Status::Submitted | Status::Unknown | Status::Rendering => {
            true
        }
        Status::Received
        | Status::Landing
        | Status::Stored
        | Status::Partial
        | Status::Failed
        | Status::Expired
        | Status::Cancelled => false,
    }
}
