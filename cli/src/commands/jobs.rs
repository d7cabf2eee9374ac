//! Use cases: what an operator does with a job that did not go well.

use super::fields;
use crate::{failure::Failure, function::Function, job::Job};

/// Lands a job's files again, or submits its request anew; then the job is the new one.
pub(super) async fn retry(function: &Function, job: &str, resubmit: bool) -> Result<Job, Failure> {
    let mut fields = fields([("job_id", job)]);
    fields.insert("resubmit".to_owned(), resubmit.into());
    Job::read(function.call("retry", fields).await?)
}

/// Puts a delivery on the queue again.
pub(super) async fn replay(function: &Function, job: &str, delivery: Option<String>) -> Result<Job, Failure> {
    let mut fields = fields([("job_id", job)]);
    if let Some(delivery) = delivery {
        fields.insert("delivery_id".to_owned(), delivery.into());
    }
    Job::read(function.call("replay", fields).await?)
}

/// Cancels a job.
pub(super) async fn cancel(function: &Function, job: &str) -> Result<Job, Failure> {
    Job::read(function.call("cancel", fields([("job_id", job)])).await?)
}
