//! Counts the status changes of jobs where they are written.
//!
//! Only the writer whose conditional write succeeded knows that the job changed just now, so a repeated delivery or
//! message is not counted. A process that ends between the write and the count leaves one out, and none is counted
//! twice.

use model::{Change, Job, JobError, Status};

/// Counts a change of a job whose status was `before`.
pub(crate) fn count_change(change: Change, before: Status, job: &Job) {
    if change != Change::Moved {
        return;
    }
    // A retried job was counted in its first round.
    if job.retries.rounds == 0 && !is_with_provider(before) && is_with_provider(job.status) {
        count("JobsSubmitted", job);
    }
    let metric = match job.status {
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
    count(metric, job);
    if matches!(job.status, Status::Stored | Status::Partial) {
        let value = (job.updated_at - job.created_at).as_seconds_f64();
        tracing::info!(metric = "JobSeconds", value, job_id = %job.id, provider = %job.provider, "from request to files");
    }
}

/// Whether the provider is known to have accepted the job.
fn is_with_provider(status: Status) -> bool {
    match status {
        Status::Submitted
        | Status::Rendering
        | Status::Received
        | Status::Landing
        | Status::Stored
        | Status::Partial
        // An expired job was submitted before, so a late result does not count it again.
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
    fn a_job_is_counted_as_submitted_once() {
        let is_submission = |from: Status, to: Status| !is_with_provider(from) && is_with_provider(to);
        assert!(is_submission(Status::Submitting, Status::Submitted));
        assert!(is_submission(Status::Unknown, Status::Received));
        assert!(is_submission(Status::Waiting, Status::Rendering));
        for (from, to) in [
            (Status::Submitted, Status::Rendering),
            (Status::Expired, Status::Received),
            (Status::Submitting, Status::Failed),
            (Status::Submitting, Status::Unknown),
        ] {
            assert!(!is_submission(from, to), "{from} {to}");
        }
    }
}
