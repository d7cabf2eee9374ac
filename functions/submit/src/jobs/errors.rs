//! The errors of commands about a job: not found, and conflict with the job's status.

use model::{Error, ErrorClass, Job, Status};

pub(crate) fn job_not_found() -> Error {
    Error::new(ErrorClass::NotFound, "there is no such job")
}

/// The status of the job does not permit the command.
pub(crate) fn job_conflict(job: &Job, message: impl Into<String>) -> Error {
    Error::new(ErrorClass::JobConflict, message).about(job.id)
}

/// The status of the job does not permit a retry. The message says what the caller can do.
pub(crate) fn retry_conflict(job: &Job) -> Error {
    job_conflict(job, retry_advice(job.status))
}

fn retry_advice(status: Status) -> &'static str {
    match status {
        Status::Waiting | Status::Submitting => {
            "the provider has not accepted the job yet; wait, or cancel the job"
        }
        Status::Submitted | Status::Unknown | Status::Rendering => {
            "the provider is still working on the job, as far as is known; wait, or cancel the job and then resubmit it"
        }
        Status::Received | Status::Landing => {
            "the files of the job are already being landed; wait, or cancel the job"
        }
        Status::Stored => {
            "the job is stored: everything is in the bucket; submit a new job to have the work done again"
        }
        Status::Partial | Status::Failed | Status::Expired => {
            "no file of the job can be landed; \"resubmit\": true submits the request again, as a new job"
        }
        Status::Cancelled => {
            "the job is cancelled; \"resubmit\": true submits the request again, as a new job"
        }
    }
}
