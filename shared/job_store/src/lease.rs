//! The lease on a landing: which worker may land a job's files, and until when.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    apply_event::{EventApplication, apply_event},
    item_attributes::{ItemReader, ItemWriter, number_value, text_value},
    job_item,
    job_keys::JOB,
    job_reads::get_job_item,
    lease_token::Lease,
    table::{Table, update_if},
};

const ACTION: &str = "accept the lease";

/// The outcome of an attempt to take a lease.
#[derive(Debug)]
pub enum LeaseOutcome {
    /// The lease was taken, and the job's status is `landing`.
    Acquired {
        /// The lease.
        lease: Lease,
        /// The job.
        job: Box<Job>,
        /// Whether an earlier landing of this job may have stored some of its files.
        is_repeat: bool,
    },
    /// Another worker holds the lease for about this long.
    HeldByAnother(Duration),
    /// There is nothing to land: the job is finished, or its files are not ready.
    NothingToLand(Box<Job>),
}

/// Takes the lease of a job and moves the job to `landing`.
pub(crate) async fn acquire_lease(
    table: &Table,
    publishes_events: bool,
    id: JobId,
    duration: Duration,
    now: OffsetDateTime,
) -> Result<LeaseOutcome, Error> {
    let item = get_job_item(table, id).await?;
    let item = item.ok_or_else(|| Error::new(ErrorClass::NotFound, format!("there is no job {id}")))?;
    let job = job_item::read_job(&item)?;
    if !matches!(job.status, JobStatus::Received | JobStatus::Landing) {
        return Ok(LeaseOutcome::NothingToLand(Box::new(job)));
    }
    let until: i128 = ItemReader(&item).maybe_number("lease_until").unwrap_or(0);
    let remaining = until - milliseconds(now);
    if remaining > 0 {
        return Ok(LeaseOutcome::HeldByAnother(Duration::from_millis(
            u64::try_from(remaining).unwrap_or(u64::MAX),
        )));
    }
    let lease = Lease { job_id: id, token: Uuid::now_v7().to_string() };
    if !take_expired_lease(table, &lease, until, duration, now).await? {
        // Another worker took it at the same moment, so it lasts about as long as ours would have.
        return Ok(LeaseOutcome::HeldByAnother(duration));
    }
    let event = &JobEvent::LandingStarted;
    let application = EventApplication { job_id: id, lease: Some(&lease), event, now, publishes_events };
    let (job, change) = apply_event(table, application).await?;
    if job.status != JobStatus::Landing {
        return Ok(LeaseOutcome::NothingToLand(Box::new(job)));
    }
    // Files of an earlier round are in the bucket just as those of an earlier worker.
    let is_repeat = change != JobChange::StatusChanged || job.retries.restarts > 0;
    Ok(LeaseOutcome::Acquired { lease, job: Box::new(job), is_repeat })
}

/// When the last lease of a job expired or will expire. None if there has been no lease.
pub(crate) async fn read_lease_expiry(table: &Table, id: JobId) -> Result<Option<OffsetDateTime>, Error> {
    let item = get_job_item(table, id).await?;
    let until: Option<i128> = item.and_then(|item| ItemReader(&item).maybe_number("lease_until"));
    Ok(until.and_then(|until| OffsetDateTime::from_unix_timestamp_nanos(until * 1_000_000).ok()))
}

/// Takes a lease that expired at `expired_at`. Returns false if another worker took it first.
async fn take_expired_lease(
    table: &Table,
    lease: &Lease,
    expired_at: i128,
    duration: Duration,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let update = (lease_update(table, lease, duration, now))
        .condition_expression(
            "attribute_exists(pk) AND (attribute_not_exists(lease_until) OR lease_until = :expired_at)",
        )
        .expression_attribute_values(":expired_at", number_value(expired_at));
    update_if(update, ACTION).await
}

pub(crate) async fn renew_lease(
    table: &Table,
    lease: &Lease,
    duration: Duration,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let update = lease_update(table, lease, duration, now).condition_expression("lease_token = :token");
    match update_if(update, ACTION).await? {
        true => Ok(()),
        false => Err(Error::new(ErrorClass::LandingBusy, "the lease on this landing was lost")),
    }
}

pub(crate) async fn release_lease(table: &Table, lease: &Lease, now: OffsetDateTime) -> Result<(), Error> {
    let update = lease_update(table, lease, Duration::ZERO, now).condition_expression("lease_token = :token");
    update_if(update, ACTION).await.map(|_| ())
}

fn lease_update(
    table: &Table,
    lease: &Lease,
    duration: Duration,
    now: OffsetDateTime,
) -> UpdateItemFluentBuilder {
    let until = milliseconds(now) + duration.as_millis() as i128;
    (table.update_item(ItemWriter::key(lease.job_id.to_string(), JOB)))
        // The version grows too, so that a job that was read under an earlier lease cannot be written.
        .update_expression("SET lease_token = :token, lease_until = :until ADD version :one")
        .expression_attribute_values(":token", text_value(&lease.token))
        .expression_attribute_values(":until", number_value(until))
        .expression_attribute_values(":one", number_value(1))
}

fn milliseconds(time: OffsetDateTime) -> i128 {
    time.unix_timestamp_nanos() / 1_000_000
}
