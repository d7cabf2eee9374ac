//! How far a landing came, kept beside the job, so that the next invocation can go on there.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use model::{Error, ErrorClass, JobId};
use serde::{Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

use crate::{
    JobStore, Lease,
    errors::refused,
    item::{Item, Reader, Writer, unreadable},
    job_item::JOB,
};

const CHECKPOINT: &str = "CHECKPOINT";

/// How long a checkpoint is kept, in seconds: 2 days, as long as the bucket keeps an unfinished upload.
const TTL_SECONDS: i64 = 2 * 24 * 3600;

impl JobStore {
    /// Saves how far a landing came, if the lease is still held.
    ///
    /// # Errors
    /// [`ErrorClass::LandingBusy`] if the lease was lost, [`ErrorClass::StorageUnavailable`].
    pub async fn save_checkpoint(
        &self,
        lease: &Lease,
        state: &impl Serialize,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let state = serde_json::to_string(state).map_err(|e| unreadable(CHECKPOINT).with_source(e))?;
        let item = Writer::key(lease.job.to_string(), CHECKPOINT).text("state", state);
        let item = item.number("ttl", now.unix_timestamp() + TTL_SECONDS).done();
        let incomplete = |e| Error::new(ErrorClass::Internal, "a checkpoint is incomplete").with_source(e);
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(incomplete)?;
        let held = (ConditionCheck::builder().table_name(&self.table))
            .set_key(Some(Writer::key(lease.job.to_string(), JOB).done()))
            .condition_expression("lease_token = :token")
            .expression_attribute_values(":token", AttributeValue::S(lease.token.clone()));
        let held = held.build().map_err(incomplete)?;
        let write = (self.client.transact_write_items())
            .transact_items(TransactWriteItem::builder().condition_check(held).build())
            .transact_items(TransactWriteItem::builder().put(put).build());
        match write.send().await {
            Ok(_) => Ok(()),
            Err(e) if lost(&e) => {
                Err(Error::new(ErrorClass::LandingBusy, "the lease on this landing was lost"))
            }
            Err(e) => Err(refused("take the checkpoint", e)),
        }
    }

    /// Reads how far a landing came. Nothing if there is no checkpoint, or one that another version wrote.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn checkpoint<T: DeserializeOwned>(
        &self,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<Option<T>, Error> {
        let found = self.read(Writer::key(job.to_string(), CHECKPOINT)).await?;
        // Expiry deletes late, and an upload that old is gone.
        let fresh =
            |item: &Item| Reader(item).maybe_number("ttl").is_some_and(|ttl: i64| ttl > now.unix_timestamp());
        Ok(found.filter(fresh).and_then(|item| serde_json::from_str(Reader(&item).maybe("state")?).ok()))
    }
}

fn lost<R>(
    e: &aws_sdk_dynamodb::error::SdkError<
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError,
        R,
    >,
) -> bool {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException;
    let Some(TransactionCanceledException(cancelled)) = e.as_service_error() else { return false };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}
