//! The lease on a landing: which worker may land a job's files, and until when.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId, JobStatus};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    apply_event::change_job,
    item_attributes::{ItemWriter, number_value, text_value},
    job_keys::JOB,
    job_metrics::{self, JobBefore},
    job_reads::{get_stored_job, read_stored_job},
    job_writes::{MAX_ATTEMPTS, back_off, replace_job, too_many_writers},
    lease_token::Lease,
    stored_job::{StoredJob, StoredLease},
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

/// A request for the lease of a job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeaseRequest<'a> {
    pub(crate) job_id: JobId,
    /// The job as this invocation read or wrote it before. None to read it.
    pub(crate) known: Option<&'a StoredJob>,
    pub(crate) duration: Duration,
    pub(crate) now: OffsetDateTime,
    /// Whether every event goes to the outbox for the event bus.
    pub(crate) publishes_events: bool,
}

/// Takes the lease of a job and moves the job to `landing`, in one write. Its condition excludes a second taker: each taker
/// changes the version.
///
/// A known job is used for one attempt, whose condition fails if it is out of date. That the lease is held, or that there is
/// nothing to land, only the newest version shows.
pub(crate) async fn acquire_lease(table: &Table, request: LeaseRequest<'_>) -> Result<LeaseOutcome, Error> {
    let LeaseRequest { job_id, mut known, duration, now, publishes_events } = request;
    let lease = Lease { job_id, token: Uuid::now_v7().to_string() };
    let mut attempted = None;
    for attempt in 0..MAX_ATTEMPTS {
        let (read, is_newest) = match known.take() {
            Some(known) => (known.clone(), false),
            None => (read_stored_job(table, job_id).await?, true),
        };
        // The response to our write was lost: nobody else knows the token.
        if let Some((change, before)) = attempted.filter(|_| read.is_leased_by(&lease)) {
            return Ok(acquired(lease, read, change, before));
        }
        let remaining = read.lease().map_or(0, |lease| lease.until) - milliseconds(now);
        match obstacle(&read, remaining) {
            Some(obstacle) if is_newest => return Ok(obstacle),
            Some(_) => continue,
            None => {}
        }
        let (job, change) = change_job(&read, &JobEvent::LandingStarted, now, publishes_events);
        let until = milliseconds(now) + duration.as_millis() as i128;
        let stored_lease = StoredLease { token: lease.token.clone(), until };
        let changed = read.changed_to(job, &lease.token).with_lease(stored_lease);
        attempted = Some((change, JobBefore::of(&read)));
        if replace_job(table, &changed, read.version).await? {
            return Ok(acquired(lease, changed, change, JobBefore::of(&read)));
        }
        back_off(attempt).await;
    }
    Err(too_many_writers())
}

/// Why the lease of a job cannot be taken, if it cannot.
fn obstacle(job: &StoredJob, remaining_milliseconds: i128) -> Option<LeaseOutcome> {
    if !matches!(job.status, JobStatus::Received | JobStatus::Landing) {
        return Some(LeaseOutcome::NothingToLand(Box::new(Job::clone(job))));
    }
    let remaining = u64::try_from(remaining_milliseconds).ok().filter(|remaining| *remaining > 0);
    remaining.map(|remaining| LeaseOutcome::HeldByAnother(Duration::from_millis(remaining)))
}

/// The outcome of the write that took the lease.
fn acquired(lease: Lease, job: StoredJob, change: JobChange, before: JobBefore) -> LeaseOutcome {
    job_metrics::count_change(change, before, &job);
    // Files of an earlier round are in the bucket just as those of an earlier worker.
    let is_repeat = change != JobChange::StatusChanged || job.retries.restarts > 0;
    LeaseOutcome::Acquired { lease, job: Box::new(job.into_job()), is_repeat }
}

/// When the last lease of a job expired or will expire. None if there has been no lease.
pub(crate) async fn read_lease_expiry(table: &Table, id: JobId) -> Result<Option<OffsetDateTime>, Error> {
    let job = get_stored_job(table, id).await?;
    let until = job.and_then(|job| job.lease().map(|lease| lease.until));
    Ok(until.and_then(|until| OffsetDateTime::from_unix_timestamp_nanos(until * 1_000_000).ok()))
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
