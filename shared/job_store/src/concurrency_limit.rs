//! The concurrency limit of a provider: a fixed number of slots, each of which one job in progress at the provider holds.
//!
//! A slot is an exclusive lock that becomes free when the provider has finished the job.
//!
//! A job that finds no free slot tries again later. So that it does not starve while younger jobs happen to come when a
//! slot is free, the oldest job without a slot is first in line: no younger job takes a slot while it keeps trying.

use futures_util::future::{try_join, try_join_all};
use model::{Error, JobId, JobStatus, ProviderName};
use time::{Duration, OffsetDateTime};

use crate::{
    exclusive_lock::{LOCK_TTL_SECONDS, LockRequest, acquire_lock_while, lock_key},
    item_attributes::{ItemReader, ItemWriter, number_value, text_value},
    table::{Table, put_if},
};

/// The attribute with the second of the Unix epoch at which the first job in line last tried.
const SEEN_AT: &str = "seen_at";
/// A first job in line that has not tried for this long loses its position: three sweeps.
const MAX_ABSENCE: Duration = Duration::minutes(3);

/// The oldest job that found no free slot.
#[derive(Debug, Clone, Copy)]
struct FirstInLine {
    job: JobId,
    seen_at: i64,
}

impl FirstInLine {
    /// Whether this job has to wait until the first in line has a slot.
    fn blocks(self, job: JobId, now: OffsetDateTime) -> bool {
        // Job ids sort by creation time.
        self.job < job && self.seen_at > (now - MAX_ABSENCE).unix_timestamp()
    }
}

/// Takes one of `slots` slots for a job, unless it holds one. Returns whether it holds one now.
pub(crate) async fn acquire_slot(
    table: &Table,
    provider: &ProviderName,
    slots: u32,
    job: JobId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let names: Vec<String> = (1..=slots).map(|number| format!("slot#{number}")).collect();
    let holders = try_join_all(names.iter().map(|name| read_holder(table, provider, name)));
    let (holders, first) = try_join(holders, read_first_in_line(table, provider)).await?;
    if holders.contains(&Some(job)) {
        return Ok(true);
    }
    if first.is_some_and(|first| first.blocks(job, now)) {
        return Ok(false);
    }
    for name in &names {
        let request = LockRequest { provider, name, job, now };
        if acquire_lock_while(is_in_progress, table, request).await?.is_none() {
            if first.is_some_and(|first| first.job == job) {
                write_first_in_line(table, provider, FirstInLine { job, seen_at: 0 }, now).await?;
            }
            return Ok(true);
        }
    }
    write_first_in_line(table, provider, FirstInLine { job, seen_at: now.unix_timestamp() }, now).await?;
    Ok(false)
}

/// The job that last took a slot.
async fn read_holder(table: &Table, provider: &ProviderName, slot: &str) -> Result<Option<JobId>, Error> {
    let item = table.get_item(lock_key(provider, slot)).await?;
    item.map(|item| ItemReader(&item).parsed("job_id")).transpose()
}

async fn read_first_in_line(table: &Table, provider: &ProviderName) -> Result<Option<FirstInLine>, Error> {
    let Some(item) = table.get_item(first_in_line_key(provider)).await? else { return Ok(None) };
    let item = ItemReader(&item);
    Ok(Some(FirstInLine { job: item.parsed("job_id")?, seen_at: item.maybe_number(SEEN_AT).unwrap_or(0) }))
}

/// Writes the first job in line, unless an older job is.
async fn write_first_in_line(
    table: &Table,
    provider: &ProviderName,
    first: FirstInLine,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let item = first_in_line_key(provider)
        .text("job_id", first.job.to_string())
        .number(SEEN_AT, first.seen_at)
        .number("ttl", now.unix_timestamp() + LOCK_TTL_SECONDS);
    let put = (table.put_item(item.finish()))
        .condition_expression("attribute_not_exists(pk) OR job_id >= :job OR seen_at < :absent_since")
        .expression_attribute_values(":job", text_value(first.job.to_string()))
        .expression_attribute_values(":absent_since", number_value((now - MAX_ABSENCE).unix_timestamp()));
    put_if(put, "accept the first job in line").await.map(drop)
}

fn first_in_line_key(provider: &ProviderName) -> ItemWriter {
    // No project id contains `#`, so the key differs from that of every lock.
    lock_key(provider, "slot#head")
}

/// Whether the provider may be working on a job of this status. It is not while files are landed: a landing may last
/// long or wait for an operator, and needs nothing of the provider's renderer.
fn is_in_progress(status: JobStatus) -> bool {
    match status {
        JobStatus::Waiting
        | JobStatus::Submitting
        | JobStatus::Submitted
        | JobStatus::Unknown
        | JobStatus::Rendering => true,
        JobStatus::Received
        | JobStatus::Landing
        | JobStatus::Stored
        | JobStatus::Partial
        | JobStatus::Failed
        | JobStatus::Expired
        | JobStatus::Cancelled => false,
    }
}
