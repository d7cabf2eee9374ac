//! Counting what becomes of jobs, where it is written: only the one whose conditional write went through knows that the
//! job moved just now, so a delivery or a message that comes again counts nothing.
//!
//! A process that dies between the write and the count leaves one out. That is the price of never counting one twice.

use model::{Change, Job, JobError, Status};

/// Counts a job that an event has changed, if it moved here from `before`.
pub(crate) fn changed(change: Change, before: Status, job: &Job) {
    if change != Change::Moved {
        return;
    }
    // A job that is tried again was submitted in its first round.
    if job.retries.rounds == 0 && !is_with_provider(before) && is_with_provider(job.status) {
        count("JobsSubmitted", job);
    }
    let end = match job.status {
        Status::Unknown => "JobsUnknown",
        Status::Stored => "JobsStored",
        Status::Partial => "JobsPartial",
        Status::Failed => "JobsFailed",
        Status::Expired => "JobsExpired",
        Status::Cancelled => "JobsCancelled",
        Status::Waiting
        | Status::Submitting
        | Status::Submitted
        | Status::Rendering
        | Status::Received
        | Status::Landing => return,
    };
    count(end, job);
    if matches!(job.status, Status::Stored | Status::Partial) {
        let value = (job.updated_at - job.created_at).as_seconds_f64();
        tracing::info!(metric = "JobSeconds", value, job_id = %job.id, provider = %job.provider, "from request to files");
    }
}

/// Whether the provider is known to have taken the work.
fn is_with_provider(status: Status) -> bool {
    match status {
        Status::Submitted
        | Status::Rendering
        | Status::Received
        | Status::Landing
        | Status::Stored
        | Status::Partial
        // Whoever is late was submitted once, and is not again.
        | Status::Expired => true,
        Status::Waiting | Status::Submitting | Status::Unknown | Status::Failed | Status::Cancelled => false,
    }
}

fn count(metric: &'static str, job: &Job) {
    let (job_id, provider, status) = (job.id, &job.provider, job.status);
    let error = job.error.as_ref().map(|error: &JobError| error.class.name());
    tracing::info!(metric, count = 1, %job_id, %provider, kind = job.kind, error, "job is {status}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_submitted_once_however_its_life_goes_on() {
        let taken = |from: Status, to: Status| !is_with_provider(from) && is_with_provider(to);
        assert!(taken(Status::Submitting, Status::Submitted));
        assert!(taken(Status::Unknown, Status::Received));
        assert!(taken(Status::Waiting, Status::Rendering));
        for (from, to) in [
            (Status::Submitted, Status::Rendering),
            (Status::Expired, Status::Received),
            (Status::Submitting, Status::Failed),
            (Status::Submitting, Status::Unknown),
        ] {
            assert!(!taken(from, to), "{from} {to}");
        }
    }
}
