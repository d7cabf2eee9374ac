//! The outbox of a job: pending notifications and waiting workflows, stored in the job's own item until notified.

use model::{Error, Job, JobId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    job_reads::get_stored_job,
    job_writes::{MAX_ATTEMPTS, back_off, replace_job, too_many_writers},
    table::Table,
};

/// Applies `change` to a job and writes the job if it returns true. Returns the job, or none if there is none. `change`
/// runs again after a concurrent write, so it must be idempotent.
pub(crate) async fn change_outbox(
    table: &Table,
    id: JobId,
    mut change: impl FnMut(&mut Job) -> bool,
) -> Result<Option<Job>, Error> {
    let write_id = Uuid::now_v7().to_string();
    for attempt in 0..MAX_ATTEMPTS {
        let Some(read) = get_stored_job(table, id).await? else { return Ok(None) };
        let mut job = Job::clone(&read);
        if !change(&mut job) {
            return Ok(Some(job));
        }
        job.version += 1;
        let changed = read.changed_to(job, &write_id);
        if replace_job(table, &changed, read.version).await? {
            return Ok(Some(changed.into_job()));
        }
        back_off(attempt).await;
    }
    Err(too_many_writers())
}

/// Moves the next notification of a job to `at`, if it is due before. Returns whether it was.
pub(crate) fn postpone_notifications(job: &mut Job, at: OffsetDateTime) -> bool {
    let due = &mut job.outbox.due_at;
    due.is_some_and(|due| due < at) && due.replace(at).is_some()
}

/// Moves the next heartbeat of a job to `at`, if it is due before. Returns whether it was.
pub(crate) fn postpone_heartbeat(job: &mut Job, at: OffsetDateTime) -> bool {
    let heartbeat_at = &mut job.notify_targets.next_heartbeat_at;
    heartbeat_at.is_some_and(|due| due < at) && heartbeat_at.replace(at).is_some()
}
