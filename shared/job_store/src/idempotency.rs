//! Creates a job exactly once per idempotency key.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, builders::PutBuilder,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use model::{Error, ErrorClass, Job, JobEvent, JobId, NotifyTargets};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::{
    errors::{is_permanent_code, record_rejected, storage_error},
    item_attributes::{Item, ItemReader, ItemWriter, number_value, text_value},
    job_item,
    job_reads::get_claimed_job,
    table::{Table, put_if},
};

/// How long a key is stored, in seconds: 7 days.
const KEY_TTL_SECONDS: i64 = 7 * 24 * 3600;

/// How often a claim that conflicted with another transaction is tried.
const MAX_ATTEMPTS: u64 = 8;

/// The most time to find out whether a claim without a response was written. The table is failing, and the caller needs
/// the error before its own timeout.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);

/// An idempotency key with the fingerprint of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pk: String,
    fingerprint: String,
}

impl IdempotencyKey {
    /// Builds a key from the caller's key and the request in canonical JSON. `scope` separates callers' keys from
    /// Landfall's own.
    pub fn new(scope: &str, key: &str, request: &Value) -> Self {
        let digest = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()));
        Self {
            pk: format!("IDEM#{}", digest(&format!("{scope}\0{key}"))),
            fingerprint: digest(&request.to_string()),
        }
    }
}

/// The outcome of a claim.
#[derive(Debug)]
pub enum ClaimOutcome {
    /// This claim created the job.
    Created,
    /// The same request created this job before.
    Existing(Box<Job>),
    /// Another request used the key before.
    KeyMismatch,
}

/// Creates a job, unless its key created one before.
pub(crate) async fn claim(
    table: &Table,
    job: &Job,
    key: Option<&IdempotencyKey>,
    now: OffsetDateTime,
) -> Result<ClaimOutcome, Error> {
    let item = job_item::write_job(job)?;
    for attempt in 0..MAX_ATTEMPTS {
        let reasons = match write_claim(table, &item, job.id, key, now).await {
            Ok(None) => return Ok(ClaimOutcome::Created),
            Ok(Some(reasons)) => reasons,
            // DynamoDB rejected the items, so nothing was written and nothing will be.
            Err(error) if error.class == ErrorClass::StorageRejected => return Err(error),
            Err(error) => return resolve_lost_claim(table, job, error, now).await,
        };
        if let Some(code) =
            reasons.iter().filter_map(CancellationReason::code).find(|code| is_permanent_code(code))
        {
            return Err(record_rejected().with_source(code));
        }
        let first = reasons.first();
        if first.and_then(CancellationReason::code) == Some("ConditionalCheckFailed") {
            match (key, first.and_then(CancellationReason::item)) {
                (Some(key), Some(item)) => return read_earlier_claim(table, job.id, key, item).await,
                // Nobody else creates a job with this id: an earlier attempt was written, and its response was lost.
                (None, _) => return Ok(ClaimOutcome::Created),
                (Some(_), None) => {}
            }
        }
        // Two claims conflicted, and one of them is written by now.
        tokio::time::sleep(Duration::from_millis(20 * (attempt + 1))).await;
    }
    Err(Error::new(ErrorClass::StorageUnavailable, "too many requests with this idempotency key")
        .with_retry_after(1))
}

/// Writes a claim once. Returns the reasons if the transaction was cancelled.
async fn write_claim(
    table: &Table,
    job: &Item,
    id: JobId,
    key: Option<&IdempotencyKey>,
    now: OffsetDateTime,
) -> Result<Option<Vec<CancellationReason>>, Error> {
    let mut write = table.client.transact_write_items();
    if let Some(key) = key {
        write = write.transact_items(transaction_item(key_put(table, key, id, now))?);
    }
    let put = table.transaction_put(job.clone());
    write = write.transact_items(transaction_item(put.condition_expression("attribute_not_exists(pk)"))?);
    match write.send().await {
        Ok(_) => Ok(None),
        Err(e) => match e.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Ok(Some(cancelled.cancellation_reasons().to_vec()))
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(Some(vec![])),
            _ => Err(storage_error("accept the job", e)),
        },
    }
}

fn key_put(table: &Table, key: &IdempotencyKey, job: JobId, now: OffsetDateTime) -> PutBuilder {
    let item = ItemWriter::key(&key.pk, "IDEM")
        .text("job_id", job.to_string())
        .text("fingerprint", &key.fingerprint)
        .number("ttl", now.unix_timestamp() + KEY_TTL_SECONDS);
    (table.transaction_put(item.finish()))
        // DynamoDB deletes expired items late, sometimes by days, so an expired key may still be there.
        .condition_expression("attribute_not_exists(pk) OR #ttl < :now")
        .expression_attribute_names("#ttl", "ttl")
        .expression_attribute_values(":now", number_value(now.unix_timestamp()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

/// Reads the claim that used the key before.
async fn read_earlier_claim(
    table: &Table,
    own_id: JobId,
    key: &IdempotencyKey,
    item: &Item,
) -> Result<ClaimOutcome, Error> {
    let reader = ItemReader(item);
    if reader.text("fingerprint")? != key.fingerprint {
        return Ok(ClaimOutcome::KeyMismatch);
    }
    match reader.parsed("job_id")? {
        // The client's attempts share a `ClientRequestToken`, and DynamoDB answers a repeated request within ten minutes
        // as it answered the first one. A new attempt of ours has another token, and finds what an earlier attempt wrote
        // without receiving the response.
        id if id == own_id => Ok(ClaimOutcome::Created),
        id => Ok(ClaimOutcome::Existing(Box::new(get_claimed_job(table, id).await?))),
    }
}

/// Finds out whether a claim was written whose response was lost. If it was, the claim succeeded. Otherwise this makes
/// sure that it never will be: a transaction that is still in progress could write the job later, so a failed job is
/// written under the same id. The transaction's condition then cancels it, and the key stays unused.
async fn resolve_lost_claim(
    table: &Table,
    job: &Job,
    error: Error,
    now: OffsetDateTime,
) -> Result<ClaimOutcome, Error> {
    let is_written = is_claim_written(table, job, &error, now);
    match tokio::time::timeout(RESOLVE_TIMEOUT, is_written).await {
        Ok(Ok(true)) => {
            tracing::info!(job_id = %job.id, "a claim without a response was written");
            return Ok(ClaimOutcome::Created);
        }
        Ok(Ok(false)) => {}
        Ok(Err(unresolved)) => unresolved.log("a claim without a response may have been written"),
        Err(_) => error.log("a claim without a response may have been written"),
    }
    Err(error)
}

/// Writes a failed job in place of a claim that was not written. Returns whether the claim was written.
async fn is_claim_written(
    table: &Table,
    job: &Job,
    error: &Error,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let mut failed_job = Job { notify_targets: NotifyTargets::default(), ..job.clone() };
    failed_job.apply(JobEvent::SubmissionRejected { error: error.to_job_error(now) }, now);
    let put =
        table.put_item(job_item::write_job(&failed_job)?).condition_expression("attribute_not_exists(pk)");
    if put_if(put, "resolve a claim").await? {
        return Ok(false);
    }
    // The stored job may be the failed one: the SDK retries a put whose response was lost.
    Ok(get_claimed_job(table, job.id).await?.submission_error().is_none())
}

/// Deletes a key, unless another job has used it since.
pub(crate) async fn release_key(table: &Table, key: &IdempotencyKey, job: JobId) -> Result<(), Error> {
    let delete = (table.client.delete_item().table_name(&table.name))
        .set_key(Some(ItemWriter::key(&key.pk, "IDEM").finish()))
        .condition_expression("job_id = :job")
        .expression_attribute_values(":job", text_value(job.to_string()));
    match delete.send().await {
        Ok(_) => Ok(()),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
        Err(e) => Err(storage_error("release the key", e)),
    }
}

fn transaction_item(put: PutBuilder) -> Result<TransactWriteItem, Error> {
    let put =
        put.build().map_err(|e| Error::new(ErrorClass::Internal, "a claim is incomplete").with_source(e))?;
    Ok(TransactWriteItem::builder().put(put).build())
}
