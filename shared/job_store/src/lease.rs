//! The lease on a landing: who brings a job's files in, and until when nobody else may.

use std::time::Duration;

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};
use model::{Change, Error, ErrorClass, Event, Job, JobId, Status};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    JobStore,
    errors::refused,
    item::{Reader, Writer},
    job_item::JOB,
};

/// The right to land a job's files, for a while.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    pub(crate) token: String,
}

/// What came of asking for a lease.
#[derive(Debug)]
pub enum LeaseAttempt {
    /// It is ours; the job stands at `landing`.
    Held {
        /// The lease.
        lease: Lease,
        /// The job.
        job: Box<Job>,
        /// Whether a landing began before this one, which may have been killed in the middle.
        again: bool,
    },
    /// Another worker holds it for about this long.
    Busy(Duration),
    /// There is nothing to land: the job is finished, or its files are not ready.
    Idle(Box<Job>),
}

impl JobStore {
    /// Asks for the lease of a job and moves it to `landing`.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`] or [`ErrorClass::NotFound`].
    pub async fn lease(&self, id: JobId, span: Duration, now: OffsetDateTime) -> Result<LeaseAttempt, Error> {
        let item = self.item(id).await?;
        let item = item.ok_or_else(|| Error::new(ErrorClass::NotFound, format!("there is no job {id}")))?;
        let job = crate::job_item::read(&item)?;
        if !matches!(job.status, Status::Received | Status::Landing) {
            return Ok(LeaseAttempt::Idle(Box::new(job)));
        }
        let until: i128 = Reader(&item).maybe_number("lease_until").unwrap_or(0);
        let left = until - milliseconds(now);
        if left > 0 {
            return Ok(LeaseAttempt::Busy(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX))));
        }
        let lease = Lease { job: id, token: Uuid::now_v7().to_string() };
        if !self.take(&lease, until, span, now).await? {
            // Somebody took it in the same moment, so it runs about as long as ours would have.
            return Ok(LeaseAttempt::Busy(span));
        }
        let (job, change) = self.apply_leased(&lease, &Event::LandingStarted, now).await?;
        if job.status != Status::Landing {
            return Ok(LeaseAttempt::Idle(Box::new(job)));
        }
        // What an earlier round brought in is there as much as what an earlier worker did.
        let again = change != Change::Moved || job.retries.rounds > 0;
        Ok(LeaseAttempt::Held { lease, job: Box::new(job), again })
    }

    /// When the last lease of a job ran out, or will. None if nobody ever had one.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn lease_end(&self, id: JobId) -> Result<Option<OffsetDateTime>, Error> {
        let item = self.item(id).await?;
        let until: Option<i128> = item.and_then(|item| Reader(&item).maybe_number("lease_until"));
        Ok(until.and_then(|until| OffsetDateTime::from_unix_timestamp_nanos(until * 1_000_000).ok()))
    }

    /// Takes a lease that ran out. Returns whether nobody was faster.
    async fn take(
        &self,
        lease: &Lease,
        ran_out: i128,
        span: Duration,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let update = (self.write_lease(lease, span, now))
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(lease_until) OR lease_until = :ran_out)",
            )
            .expression_attribute_values(":ran_out", AttributeValue::N(ran_out.to_string()));
        conditional(update).await
    }

    /// Makes a held lease last longer.
    ///
    /// # Errors
    /// [`ErrorClass::LandingBusy`] if it was lost; the landing must stop.
    pub async fn renew(&self, lease: &Lease, span: Duration, now: OffsetDateTime) -> Result<(), Error> {
        let update = self.write_lease(lease, span, now).condition_expression("lease_token = :token");
        match conditional(update).await? {
            true => Ok(()),
            false => Err(Error::new(ErrorClass::LandingBusy, "the lease on this landing was lost")),
        }
    }

    /// Gives a lease back early, so that the next attempt need not wait for it to run out.
    ///
    /// # Errors
    /// [`ErrorClass::StorageUnavailable`].
    pub async fn release(&self, lease: &Lease, now: OffsetDateTime) -> Result<(), Error> {
        let update =
            self.write_lease(lease, Duration::ZERO, now).condition_expression("lease_token = :token");
        conditional(update).await.map(|_| ())
    }

    fn write_lease(&self, lease: &Lease, span: Duration, now: OffsetDateTime) -> UpdateItemFluentBuilder {
        let until = milliseconds(now) + span.as_millis() as i128;
        let key = Writer::key(lease.job.to_string(), JOB).done();
        (self.client.update_item().table_name(&self.table).set_key(Some(key)))
            // The version moves too: a job that was read before the lease changed hands must not be written.
            .update_expression("SET lease_token = :token, lease_until = :until ADD version :one")
            .expression_attribute_values(":token", AttributeValue::S(lease.token.clone()))
            .expression_attribute_values(":until", AttributeValue::N(until.to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
    }
}

/// Sends an update. Returns whether its condition held.
async fn conditional(update: UpdateItemFluentBuilder) -> Result<bool, Error> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
            Ok(false)
        }
        Err(e) => Err(refused("take the lease", e)),
    }
}

fn milliseconds(time: OffsetDateTime) -> i128 {
    time.unix_timestamp_nanos() / 1_000_000
}
