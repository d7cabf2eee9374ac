//! Applies events to stored jobs: reads the job, applies the event, writes the result conditionally.

use model::{Error, ErrorClass, Job, JobChange, JobEvent, JobId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    item_attributes::ItemReader,
    job_item, job_metrics,
    job_reads::get_job_item,
    job_writes::{MAX_ATTEMPTS, WRITE_ID, back_off, replace_job, too_many_writers},
    lease_token::Lease,
    table::Table,
};

/// An event to apply to a job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventApplication<'a> {
    pub(crate) job_id: JobId,
    /// The lease that must still be held, for an event of a landing.
    pub(crate) lease: Option<&'a Lease>,
    pub(crate) event: &'a JobEvent,
    pub(crate) now: OffsetDateTime,
    /// Whether every event goes to the outbox for the event bus.
    pub(crate) publishes_events: bool,
}

/// Applies an event. Returns the job after it and whether it changed the job.
pub(crate) async fn apply_event(
    table: &Table,
    application: EventApplication<'_>,
) -> Result<(Job, JobChange), Error> {
    let EventApplication { job_id, lease, event, now, publishes_events } = application;
    let write_id = Uuid::now_v7().to_string();
    let mut attempted = None;
    for attempt in 0..MAX_ATTEMPTS {
        let item = get_job_item(table, job_id).await?;
        let item =
            item.ok_or_else(|| Error::new(ErrorClass::NotFound, format!("there is no job {job_id}")))?;
        // The response to our write was lost, and the SDK's retry failed on the version that the write itself made.
        if let Some((change, before)) =
            attempted.filter(|_| ItemReader(&item).maybe_text(WRITE_ID) == Some(write_id.as_str()))
        {
            let job = job_item::read_job(&item)?;
            job_metrics::count_change(change, before, &job);
            return Ok((job, change));
        }
        if lease.is_some_and(|lease| ItemReader(&item).maybe_text("lease_token") != Some(&lease.token)) {
            return Err(Error::new(ErrorClass::LandingBusy, "another worker has taken over this landing"));
        }
        let mut job = job_item::read_job(&item)?;
        let (read_version, before) = (job.version, job.status);
        let change = job.apply(event.clone(), now);
        if change == JobChange::Unchanged {
            return Ok((job, change));
        }
        job.version += 1;
        if publishes_events || job.notify_targets.notifies_webhook_of(job.status) {
            job.add_outbox_event(event, change, now);
        }
        job.schedule_waiter_notification(now);
        attempted = Some((change, before));
        if replace_job(table, &job, read_version, &item, &write_id).await? {
            job_metrics::count_change(change, before, &job);
            return Ok((job, change));
        }
        back_off(attempt).await;
    }
    Err(too_many_writers())
}
