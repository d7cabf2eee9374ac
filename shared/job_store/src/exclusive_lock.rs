//! Exclusive locks: a resource of a provider, such as a project, that one job at a time may use.
//!
//! A job does not release its lock. A job that wants the lock checks whether the job that holds it still needs it.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError::ConditionalCheckFailedException,
    types::ReturnValuesOnConditionCheckFailure,
};
use model::{Error, ErrorClass, JobId, JobStatus, ProviderName};
use time::OffsetDateTime;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, text_value},
    job_reads::get_job,
    table::Table,
};

/// How often a lock that changes hands meanwhile is tried.
const MAX_ATTEMPTS: u32 = 8;
/// How long the table remembers the holder of a lock, in seconds: longer than any job waits and renders.
pub(crate) const LOCK_TTL_SECONDS: i64 = 7 * 24 * 3600;

/// A lock that a job asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LockRequest<'a> {
    pub(crate) provider: &'a ProviderName,
    /// The name of the lock within the provider.
    pub(crate) name: &'a str,
    pub(crate) job: JobId,
    pub(crate) now: OffsetDateTime,
}

/// The key of a lock's item.
pub(crate) fn lock_key(provider: &ProviderName, name: &str) -> ItemWriter {
    ItemWriter::key(format!("LOCK#{provider}#{name}"), "LOCK")
}

/// Takes a lock. Returns none when the job holds it now, else the unfinished job that holds it. An expired job does not
/// need its lock, because it no longer waits for work of the provider.
pub(crate) async fn acquire_lock(table: &Table, request: LockRequest<'_>) -> Result<Option<JobId>, Error> {
    let needs_lock = |status: JobStatus| !status.is_final() && status != JobStatus::Expired;
    acquire_lock_while(needs_lock, table, request).await
}

/// Takes a lock of which `needs_lock` decides for each status whether its holder still needs it.
pub(crate) async fn acquire_lock_while(
    needs_lock: impl Fn(JobStatus) -> bool,
    table: &Table,
    request: LockRequest<'_>,
) -> Result<Option<JobId>, Error> {
    let mut former_holder: Option<JobId> = None;
    for _ in 0..MAX_ATTEMPTS {
        let Some(holder) = try_acquire_lock(table, request, former_holder).await? else {
            return Ok(None);
        };
        match get_job(table, holder).await? {
            Some(job) if needs_lock(job.status) => return Ok(Some(holder)),
            _ => former_holder = Some(holder),
        }
    }
    let message = "too many concurrent jobs for the same lock; try again";
    Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(1))
}

/// Writes the lock if it is free, or if this job or `former_holder` holds it. Returns the holder otherwise.
async fn try_acquire_lock(
    table: &Table,
    request: LockRequest<'_>,
    former_holder: Option<JobId>,
) -> Result<Option<JobId>, Error> {
    let LockRequest { provider, name, job, now } = request;
    let item = lock_key(provider, name)
        .text("job_id", job.to_string())
        .number("ttl", now.unix_timestamp() + LOCK_TTL_SECONDS);
    let put = (table.put_item(item.finish()))
        .condition_expression("attribute_not_exists(pk) OR job_id IN (:job, :former_holder)")
        .expression_attribute_values(":job", text_value(job.to_string()))
        .expression_attribute_values(":former_holder", text_value(former_holder.unwrap_or(job).to_string()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(e) = put.send().await else { return Ok(None) };
    match e.as_service_error() {
        Some(ConditionalCheckFailedException(failed)) => {
            read_holder(table, request, failed.item()).await.map(Some)
        }
        _ => Err(storage_error("accept the lock", e)),
    }
}

/// The job that holds a lock, from the item that came with the failed condition. A response without the item does not mean
/// that the lock is free.
async fn read_holder(table: &Table, request: LockRequest<'_>, found: Option<&Item>) -> Result<JobId, Error> {
    let read = match found {
        Some(_) => None,
        None => table.get_item(lock_key(request.provider, request.name)).await?,
    };
    let Some(item) = found.or(read.as_ref()) else {
        // DynamoDB deleted the expired item meanwhile.
        let message = "the lock became free while it was acquired; try again";
        return Err(Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(1));
    };
    ItemReader(item).parsed("job_id")
}
