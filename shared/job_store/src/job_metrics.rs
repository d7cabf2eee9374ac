//! Counts the status changes of jobs where they are written.
//!
//! Only the writer whose conditional write succeeded knows that the job changed just now, so a repeated delivery or
//! message is not counted. A process that ends between the write and the count leaves one out, and none is counted
//! twice.

use model::{Job, JobChange, JobError, JobStatus};

/// What the count of a change needs to know about the job before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobBefore {
    pub(crate) status: JobStatus,
    /// Whether the provider had accepted a request. A job that needs several is counted with its first.
    is_accepted: bool,
}

impl JobBefore {
    pub(crate) fn of(job: &Job) -> Self {
        Self { status: job.status, is_accepted: job.provider_job_id.is_some() }
    }

    /// Whether the provider accepts the job with this status, which it had not before.
    fn is_submitted_by(self, status: JobStatus) -> bool {
        !self.is_accepted && !is_with_provider(self.status) && is_with_provider(status)
    }
}

/// Counts a change of a job.
pub(crate) fn count_change(change: JobChange, before: JobBefore, job: &Job) {
    if change != JobChange::StatusChanged {
        return;
    }
    // A retried job was counted in its first round.
    if job.retries.restarts == 0 && before.is_submitted_by(job.status) {
        count("JobsSubmitted", job);
    }
    let metric = match job.status {
        JobStatus::Unknown => "JobsUnknown",
        JobStatus::Stored => "JobsStored",
        JobStatus::Partial => "JobsPartial",
        JobStatus::Failed => "JobsFailed",
        JobStatus::Expired => "JobsExpired",
        JobStatus::Cancelled => "JobsCancelled",
        JobStatus::Waiting
        | JobStatus::Submitting
        | JobStatus::Submitted
        | JobStatus::Rendering
        | JobStatus::Received
        | JobStatus::Landing => return,
    };
    count(metric, job);
    if matches!(job.status, JobStatus::Stored | JobStatus::Partial) {
        let value = (job.updated_at - job.created_at).as_seconds_f64();
        tracing::info!(metric = "JobSeconds", value, job_id = %job.id, provider = %job.provider, "from request to files");
    }
}

/// Whether the provider is known to have accepted the job.
fn is_with_provider(status: JobStatus) -> bool {
    match status {
        JobStatus::Submitted
        | JobStatus::Rendering
        | JobStatus::Received
        | JobStatus::Landing
        | JobStatus::Stored
        | JobStatus::Partial
        // An expired job was submitted before, so a late result does not count it again.
        | JobStatus::Expired => true,
        JobStatus::Waiting | JobStatus::Submitting | JobStatus::Unknown | JobStatus::Failed | JobStatus::Cancelled => false,
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
        let is_submission = |from: JobStatus, to: JobStatus| {
            JobBefore { status: from, is_accepted: false }.is_submitted_by(to)
        };
        let next_request = JobBefore { status: JobStatus::Submitting, is_accepted: true };
        assert!(!next_request.is_submitted_by(JobStatus::Submitted), "it was counted with its first request");
        assert!(is_submission(JobStatus::Submitting, JobStatus::Submitted));
        assert!(is_submission(JobStatus::Unknown, JobStatus::Received));
        assert!(is_submission(JobStatus::Waiting, JobStatus::Rendering));
        for (from, to) in [
            (JobStatus::Submitted, JobStatus::Rendering),
            (JobStatus::Expired, JobStatus::Received),
            (JobStatus::Submitting, JobStatus::Failed),
            (JobStatus::Submitting, JobStatus::Unknown),
        ] {
            assert!(!is_submission(from, to), "{from} {to}");
        }
    }
}
