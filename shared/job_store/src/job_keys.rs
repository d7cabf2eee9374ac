//! The keys of a job's item in the table and in its indexes.

use model::{Error, JobId, ProviderJobId, ProviderName};
use time::{Date, OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem};

use crate::item_attributes::unreadable;

/// The sort key of a job's item.
pub(crate) const JOB: &str = "JOB";

const DAY: &[BorrowedFormatItem<'_>] = time::macros::format_description!("[year]-[month]-[day]");

/// All times have the same length, so that they sort as strings.
const DUE: &[BorrowedFormatItem<'_>] =
    time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The number of partitions of the index `due`, so that one partition does not take every write.
pub(crate) const DUE_SHARDS: u8 = 4;

/// The partition of the index `due` that a job is in.
pub(crate) fn due_shard(id: JobId) -> String {
    let last = id.as_bytes().last().copied().unwrap_or_default();
    (last % DUE_SHARDS).to_string()
}

/// A time as the sort key of the index `due`.
pub(crate) fn due_time(at: OffsetDateTime) -> Result<String, Error> {
    at.to_offset(UtcOffset::UTC).format(DUE).map_err(|e| unreadable("due_at").with_source(e))
}

/// A day as the partition key of the index `by_day`.
pub(crate) fn day_key(date: Date) -> Result<String, Error> {
    date.format(DAY).map_err(|e| unreadable("day").with_source(e))
}

/// The partition key of the index `by_provider_job_id`.
pub(crate) fn provider_job_key(provider: &ProviderName, provider_job_id: &ProviderJobId) -> String {
    format!("{provider}#{provider_job_id}")
}
