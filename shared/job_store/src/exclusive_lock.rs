//! What only one job at a time may be at. No job gives its place back: whoever wants it sees whether the job that has it
//! still needs it.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use model::{Error, ErrorClass, JobId, ProviderName, Status};
use time::OffsetDateTime;

use crate::{
    JobStore,
    errors::refused,
    item::{Reader, Writer},
};

/// How often a place is tried for that changes hands meanwhile.
const MAX_ATTEMPTS: u32 = 8;
/// How long the table remembers who had a place, in seconds: longer than any job waits and works.
pub(crate) const REMEMBERED: i64 = 7 * 24 * 3600;

/// The key of a place.
pub(crate) fn place_key(provider: &ProviderName, place: &str) -> Writer {
    Writer::key(format!("PLACE#{provider}#{place}"), "PLACE")
}

impl JobStore {
    /// Takes a place for a job. Nothing when it is the job's now, else the job that has it and is not at its end. A job
    /// that expired is: nobody knows of work that it still waits for.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn acquire_lock(
        &self,
        provider: &ProviderName,
        place: &str,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<Option<JobId>, Error> {
        let needs_it = |status: Status| !status.is_final() && status != Status::Expired;
        self.acquire_lock_unless(needs_it, provider, place, job, now).await
    }

    /// The same where a job needs its place for as long as `needs_it` says.
    pub(crate) async fn acquire_lock_unless(
        &self,
        needs_it: impl Fn(Status) -> bool,
        provider: &ProviderName,
        place: &str,
        job: JobId,
        now: OffsetDateTime,
    ) -> Result<Option<JobId>, Error> {
        let mut gone: Option<JobId> = None;
        for _ in 0..MAX_ATTEMPTS {
            let Some(holder) = self.try_to_acquire_lock(provider, place, job, gone, now).await? else {
                return Ok(None);
            };
            match self.get(holder).await? {
                Some(held) if needs_it(held.status) => return Ok(Some(holder)),
                _ => gone = Some(holder),
            }
        }
        let message = "too many jobs for the same place at once; try again";
        Err(Error::new(ErrorClass::StorageUnavailable, message).retry_after(1))
    }

    /// Writes the place if it is free, the job's own, or that of the job that is at its end. Returns whose it is else.
    async fn try_to_acquire_lock(
        &self,
        provider: &ProviderName,
        place: &str,
        job: JobId,
        gone: Option<JobId>,
        now: OffsetDateTime,
    ) -> Result<Option<JobId>, Error> {
        let item = place_key(provider, place)
            .text("job_id", job.to_string())
            .number("ttl", now.unix_timestamp() + REMEMBERED);
        let id = |id: JobId| AttributeValue::S(id.to_string());
        let put = (self.client.put_item().table_name(&self.table).set_item(Some(item.done())))
            .condition_expression("attribute_not_exists(pk) OR job_id IN (:job, :gone)")
            .expression_attribute_values(":job", id(job))
            .expression_attribute_values(":gone", id(gone.unwrap_or(job)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(e) = put.send().await else { return Ok(None) };
        match e.as_service_error() {
            Some(aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                taken,
            )) => taken.item().map(|item| Reader(item).parsed("job_id")).transpose(),
            _ => Err(refused("take the place", e)),
        }
    }
}
