//! Applies events to stored jobs: applies the event to the job as it was read, and writes the result conditionally.

use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    job_metrics::{self, JobBefore},
    job_reads::read_stored_job,
    job_writes::{MAX_ATTEMPTS, back_off, replace_job, too_many_writers},
    lease_token::Lease,
    stored_job::StoredJob,
    table::Table,
};

/// An event to apply to a job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventApplication<'a> {
    pub(crate) job_id: JobId,
    /// The job as this invocation read or wrote it before. None to read it.
    pub(crate) known: Option<&'a StoredJob>,
    /// The lease that must still be held, for an event of a landing.
    pub(crate) lease: Option<&'a Lease>,
    pub(crate) event: &'a JobEvent,
    pub(crate) now: OffsetDateTime,
    /// Whether every event goes to the outbox for the event bus.
    pub(crate) publishes_events: bool,
}

/// Applies an event. Returns the job after it and whether it changed the job.
///
/// A known job is used for one attempt to change it, whose condition fails if it is out of date. That nothing changes, or that
/// the lease is lost, only the newest version shows.
pub(crate) async fn apply_event(
    table: &Table,
    application: EventApplication<'_>,
) -> Result<(StoredJob, JobChange), Error> {
    let EventApplication { job_id, lease, event, now, publishes_events, mut known } = application;
    let write_id = Uuid::now_v7().to_string();
    let mut attempted = None;
    for attempt in 0..MAX_ATTEMPTS {
        let (read, is_newest) = match known.take() {
            Some(known) => (known.clone(), false),
            None => (read_stored_job(table, job_id).await?, true),
        };
        // The response to our write was lost, and the SDK's retry failed on the version that the write itself made.
        if let Some((change, before)) = attempted.filter(|_| read.is_written_by(&write_id)) {
            job_metrics::count_change(change, before, &read);
            return Ok((read, change));
        }
        let is_lease_lost = lease.is_some_and(|lease| !read.is_leased_by(lease));
        let (job, change) = change_job(&read, event, now, publishes_events);
        if is_lease_lost || change == JobChange::Unchanged {
            match (is_newest, is_lease_lost) {
                (false, _) => continue,
                (true, true) => return Err(lease_lost()),
                (true, false) => return Ok((read, change)),
            }
        }
        let changed = read.changed_to(job, &write_id);
        attempted = Some((change, JobBefore::of(&read)));
        if replace_job(table, &changed, read.version).await? {
            job_metrics::count_change(change, JobBefore::of(&read), &changed);
            return Ok((changed, change));
        }
        back_off(attempt).await;
    }
    Err(too_many_writers())
}

fn lease_lost() -> Error {
    Error::new(ErrorClass::LandingBusy, "another worker has taken over this landing")
}

/// The job after an event, with the next version and what its targets are to be notified of.
pub(crate) fn change_job(
    read: &StoredJob,
    event: &JobEvent,
    now: OffsetDateTime,
    publishes_events: bool,
) -> (Job, JobChange) {
    let mut job = Job::clone(read);
    let change = job.apply(event.clone(), now);
    if change == JobChange::Unchanged {
        return (job, change);
    }
    job.version += 1;
    if publishes_events || job.notify_targets.notifies_webhook_of(job.status) {
        job.add_outbox_event(event, change, now);
    }
    job.schedule_waiter_notification(now);
    (job, change)
}
