//! The checkpoint of a landing, stored beside its job, from which the next invocation continues.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError::{self, TransactionCanceledException},
    types::{ConditionCheck, TransactWriteItem},
};
use model::{Error, ErrorClass, JobId};
use serde::{Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

use crate::{
    errors::storage_error,
    item_attributes::{Item, ItemReader, ItemWriter, text_value, unreadable},
    job_keys::JOB,
    lease_token::Lease,
    table::Table,
};

const CHECKPOINT: &str = "CHECKPOINT";

/// How long a checkpoint is stored, in seconds: 2 days, as long as the bucket keeps an incomplete multipart upload.
const TTL_SECONDS: i64 = 2 * 24 * 3600;

/// Writes the checkpoint of a landing, on condition that its lease is held.
pub(crate) async fn save_checkpoint(
    table: &Table,
    lease: &Lease,
    state: &impl Serialize,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let state = serde_json::to_string(state).map_err(|e| unreadable(CHECKPOINT).with_source(e))?;
    let item = ItemWriter::key(lease.job_id.to_string(), CHECKPOINT).text("state", state);
    let item = item.number("ttl", now.unix_timestamp() + TTL_SECONDS).finish();
    let incomplete = |e| Error::new(ErrorClass::Internal, "a checkpoint is incomplete").with_source(e);
    let put = table.transaction_put(item).build().map_err(incomplete)?;
    let lease_check = (ConditionCheck::builder().table_name(&table.name))
        .set_key(Some(ItemWriter::key(lease.job_id.to_string(), JOB).finish()))
        .condition_expression("lease_token = :token")
        .expression_attribute_values(":token", text_value(&lease.token));
    let lease_check = lease_check.build().map_err(incomplete)?;
    let write = (table.client.transact_write_items())
        .transact_items(TransactWriteItem::builder().condition_check(lease_check).build())
        .transact_items(TransactWriteItem::builder().put(put).build());
    match write.send().await {
        Ok(_) => Ok(()),
        Err(e) if is_lease_lost(&e) => {
            Err(Error::new(ErrorClass::LandingBusy, "the lease on this landing was lost"))
        }
        Err(e) => Err(storage_error("accept the checkpoint", e)),
    }
}

/// Reads the checkpoint of a landing. None if there is none, or if another version of Landfall wrote it.
pub(crate) async fn load_checkpoint<T: DeserializeOwned>(
    table: &Table,
    job: JobId,
    now: OffsetDateTime,
) -> Result<Option<T>, Error> {
    let item = table.get_item(ItemWriter::key(job.to_string(), CHECKPOINT)).await?;
    // DynamoDB deletes expired items late, and S3 has aborted an upload that old.
    let is_fresh =
        |item: &Item| ItemReader(item).maybe_number("ttl").is_some_and(|ttl: i64| ttl > now.unix_timestamp());
    Ok(item
        .filter(is_fresh)
        .and_then(|item| serde_json::from_str(ItemReader(&item).maybe_text("state")?).ok()))
}

fn is_lease_lost<R>(e: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactionCanceledException(cancelled)) = e.as_service_error() else { return false };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}
