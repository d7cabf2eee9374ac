//! Fetches a job in its current state.

use super::{payload::payload, submit_function::SubmitFunction};
use crate::{error::CliError, job::Job};

/// Fetches a job by its ID.
///
/// # Errors
/// There is no job of this ID, or the function cannot be reached.
pub(crate) async fn fetch_job(function: &SubmitFunction, job_id: &str) -> Result<Job, CliError> {
    Job::from_response(function.invoke("get", payload([("job_id", job_id)])).await?)
}
