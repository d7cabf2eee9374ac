//! The errors of commands about a job: not found, and conflict with the job's status.

use model::{Error, ErrorClass, Job, JobStatus};

pub(crate) fn job_not_found() -> Error {
    Error::new(ErrorClass::NotFound, "there is no such job")
}

/// The status of the job does not permit the command.
pub(crate) fn job_conflict(job: &Job, message: impl Into<String>) -> Error {
    Error::new(ErrorClass::JobConflict, message).with_job(job.id)
}

/// The status of the job does not permit a retry. The message says what the caller can do.
pub(crate) fn retry_conflict(job: &Job) -> Error {
    job_conflict(job, retry_advice(job.status))
}

fn retry_advice(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Waiting | JobStatus::Submitting => {
            "the provider has not accepted the job yet; wait, or cancel the job"
        }
        JobStatus::Submitted | JobStatus::Unknown | JobStatus::Rendering => {
            "the provider is still working on the job, as far as is known; wait, or cancel the job and then resubmit it"
        }
        JobStatus::Received | JobStatus::Landing => {
            "the files of the job are already being landed; wait, or cancel the job"
        }
        JobStatus::Stored => {
            "the job is stored: everything is in the bucket; submit a new job to have the work done again"
        }
        JobStatus::Partial | JobStatus::Failed | JobStatus::Expired => {
            "no file of the job can be landed; \"resubmit\": true submits the request again, as a new job"
        }
        JobStatus::Cancelled => {
            "the job is cancelled; \"resubmit\": true submits the request again, as a new job"
        }
    }
}
