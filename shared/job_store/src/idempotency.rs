//! Making a job exactly once: the first line of every submission.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use model::{Error, ErrorClass, Event, Job, JobId, NotifyTargets};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::{
    JobStore,
    errors::refused,
    item::{Item, Reader, Writer},
    job_item,
};

/// How long a key is remembered, in seconds: 7 days.
const REMEMBERED: i64 = 7 * 24 * 3600;

/// How often a claim is tried that collided with another transaction.
const MAX_ATTEMPTS: u64 = 8;

/// How long it may take to settle a claim: the table is in trouble, and the caller has to be told so in time.
const MAX_SETTLE_TIME: Duration = Duration::from_secs(2);

/// What makes two submissions the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pk: String,
    fingerprint: String,
}

impl IdempotencyKey {
    /// A caller's key, and the request it came with in canonical JSON. `scope` keeps callers' keys apart from
    /// Landfall's own.
    pub fn new(scope: &str, key: &str, request: &Value) -> Self {
        let digest = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()));
        Self {
            pk: format!("IDEM#{}", digest(&format!("{scope}\0{key}"))),
            fingerprint: digest(&request.to_string()),
        }
    }
}

/// How a claim ended.
#[derive(Debug)]
pub enum Claim {
    /// The job was made now, by us.
    New,
    /// The same request made this job before.
    Existing(Box<Job>),
    /// The key was used before, with another request.
    Mismatch,
}

impl JobStore {
    /// Makes a job, unless its key made one before. Of concurrent claims with one key, one makes it.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`]; then nothing was written, and nothing will be unless the table is still out of
    /// reach.
    pub async fn claim(
        &self,
        job: &Job,
        key: Option<&IdempotencyKey>,
        now: OffsetDateTime,
    ) -> Result<Claim, Error> {
        let claimed = job_item::write(job)?;
        for attempt in 0..MAX_ATTEMPTS {
            let reasons = match self.write_claim(&claimed, job.id, key, now).await {
                Ok(None) => return Ok(Claim::New),
                Ok(Some(reasons)) => reasons,
                Err(error) => return self.settled_claim(job, error, now).await,
            };
            let first = reasons.first();
            if first.and_then(CancellationReason::code) == Some("ConditionalCheckFailed") {
                match (key, first.and_then(CancellationReason::item)) {
                    (Some(key), Some(item)) => return self.claimed_before(job.id, key, item).await,
                    // Nobody else makes a job of this id: an earlier attempt was written, and its answer lost.
                    (None, _) => return Ok(Claim::New),
                    (Some(_), None) => {}
                }
            }
            // Two claims met in the same moment; one of them is through by now.
            tokio::time::sleep(Duration::from_millis(20 * (attempt + 1))).await;
        }
        Err(Error::new(ErrorClass::StorageUnavailable, "too many requests with this idempotency key")
            .retry_after(1))
    }

    /// One try. Returns why it was cancelled, or nothing when it went through.
    async fn write_claim(
        &self,
        job: &Item,
        id: JobId,
        key: Option<&IdempotencyKey>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<CancellationReason>>, Error> {
        let mut write = self.client.transact_write_items();
        if let Some(key) = key {
            write = write.transact_items(put(self.key_put(key, id, now))?);
        }
        let job = Put::builder().table_name(&self.table).set_item(Some(job.clone()));
        write = write.transact_items(put(job.condition_expression("attribute_not_exists(pk)"))?);
        match write.send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(e)) => match e.into_err() {
                TransactWriteItemsError::TransactionCanceledException(e) => {
                    Ok(Some(e.cancellation_reasons.unwrap_or_default()))
                }
                TransactWriteItemsError::TransactionInProgressException(_) => Ok(Some(vec![])),
                other => Err(Error::new(
                    ErrorClass::StorageUnavailable,
                    "the job table did not take the job; try again",
                )
                .retry_after(5)
                .with_source(other)),
            },
            Err(e) => Err(refused("take the job", e)),
        }
    }

    fn key_put(
        &self,
        key: &IdempotencyKey,
        job: JobId,
        now: OffsetDateTime,
    ) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        let item = Writer::key(&key.pk, "IDEM")
            .text("job_id", job.to_string())
            .text("fingerprint", &key.fingerprint)
            .number("ttl", now.unix_timestamp() + REMEMBERED);
        (Put::builder().table_name(&self.table).set_item(Some(item.done())))
            // Expiry deletes late, by days at times, so an expired key may still lie here.
            .condition_expression("attribute_not_exists(pk) OR #ttl < :now")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", AttributeValue::N(now.unix_timestamp().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn claimed_before(&self, own: JobId, key: &IdempotencyKey, item: &Item) -> Result<Claim, Error> {
        let reader = Reader(item);
        if reader.text("fingerprint")? != key.fingerprint {
            return Ok(Claim::Mismatch);
        }
        match reader.parsed("job_id")? {
            // The client's attempts share a `ClientRequestToken`, and DynamoDB answers a repetition within ten minutes as
            // the first one. A new try of ours has another token, and finds what an earlier try wrote unheard.
            id if id == own => Ok(Claim::New),
            id => Ok(Claim::Existing(Box::new(self.claimed(id).await?))),
        }
    }

    /// Settles a claim whose answer never came: it was written and is ours, or it never will be. A transaction that is
    /// under way still could be, so the job's place is taken by a record of the failure: the condition on it then cancels
    /// the whole transaction, and the key stays free.
    async fn settled_claim(&self, job: &Job, error: Error, now: OffsetDateTime) -> Result<Claim, Error> {
        let settled = tokio::time::timeout(MAX_SETTLE_TIME, self.is_claimed(job, &error, now)).await;
        match settled {
            Ok(Ok(true)) => {
                tracing::info!(job_id = %job.id, "a claim whose answer was lost was found again");
                return Ok(Claim::New);
            }
            Ok(Ok(false)) => {}
            Ok(Err(unsettled)) => unsettled.log("a claim whose answer was lost may have been written"),
            Err(_) => error.log("a claim whose answer was lost may have been written"),
        }
        Err(error)
    }

    async fn is_claimed(&self, job: &Job, error: &Error, now: OffsetDateTime) -> Result<bool, Error> {
        let mut failed = Job { audience: NotifyTargets::default(), ..job.clone() };
        failed.apply(Event::Refused { error: error.for_record(now) }, now);
        let put = (self.client.put_item().table_name(&self.table))
            .set_item(Some(job_item::write(&failed)?))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(false),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                // Our own record of the failure, if it is the answer to that which was lost.
                Ok(self.claimed(job.id).await?.refusal().is_none())
            }
            Err(e) => Err(refused("settle a claim", e)),
        }
    }

    /// Frees a job's key after a failure that the caller was told to retry, so that the retry is a new attempt.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn free_key(&self, key: &IdempotencyKey, job: JobId) -> Result<(), Error> {
        let delete = (self.client.delete_item().table_name(&self.table))
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S("IDEM".into()))
            // Not if somebody else has used the key since.
            .condition_expression("job_id = :job")
            .expression_attribute_values(":job", AttributeValue::S(job.to_string()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(())
            }
            Err(e) => Err(refused("free the key", e)),
        }
    }
}

fn put(builder: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem, Error> {
    let put = builder
        .build()
        .map_err(|e| Error::new(ErrorClass::Internal, "a claim is incomplete").with_source(e))?;
    Ok(TransactWriteItem::builder().put(put).build())
}
