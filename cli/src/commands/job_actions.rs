//! The commands `retry`, `replay` and `cancel`.

use std::time::{Duration, SystemTime};

use aws_smithy_types::{DateTime, date_time::Format};
use model::ErrorClass;

use crate::{
    client::{SubmitFunction, fetch_job, payload},
    error::CliError,
    exit_status::ExitStatus,
    job::Job,
};

/// The clock skew between this machine and AWS. AWS rejects signatures with more than this.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Submits the request of a job as a new job. Returns the new job.
pub(super) async fn resubmit_job(function: &SubmitFunction, job_id: &str) -> Result<Job, CliError> {
    invoke_retry(function, job_id, true).await
}

/// Lands a job's files again.
pub(super) async fn retry_landing(function: &SubmitFunction, job_id: &str) -> Result<Job, CliError> {
    invoke_retry(function, job_id, false).await
}

/// Invokes the command `retry`.
///
/// When a response is lost, the invocation is sent again. The function rejects it with a conflict if the first one has
/// started the job. That conflict counts as success.
async fn invoke_retry(function: &SubmitFunction, job_id: &str, resubmit: bool) -> Result<Job, CliError> {
    let mut payload = payload([("job_id", job_id)]);
    payload.insert("resubmit".to_owned(), resubmit.into());
    let started_at = SystemTime::now();
    let error = match function.invoke("retry", payload).await {
        Ok(response) => return Job::from_response(response),
        Err(error) => error,
    };
    if error.outcome_unknown && error.class == ErrorClass::JobConflict.name() {
        let job = fetch_job(function, job_id).await?;
        if was_started_since(&job, started_at) {
            return Ok(job);
        }
    }
    Err(error)
}

/// Whether a job is active or `stored`, and has changed since this time.
fn was_started_since(job: &Job, started_at: SystemTime) -> bool {
    let updated_at = DateTime::from_str(job.text("/updated_at"), Format::DateTime).ok();
    let updated_at = updated_at.and_then(|updated_at| SystemTime::try_from(updated_at).ok());
    let is_active_or_stored = matches!(job.exit_status(), None | Some(ExitStatus::Success));
    is_active_or_stored && updated_at.is_some_and(|updated_at| updated_at + MAX_CLOCK_SKEW >= started_at)
}

/// Sends a stored delivery to the delivery queue again.
pub(super) async fn replay_delivery(
    function: &SubmitFunction,
    job_id: &str,
    delivery_id: Option<String>,
) -> Result<Job, CliError> {
    let mut payload = payload([("job_id", job_id)]);
    if let Some(delivery_id) = delivery_id {
        payload.insert("delivery_id".to_owned(), delivery_id.into());
    }
    Job::from_response(function.invoke("replay", payload).await?)
}

/// Cancels a job.
pub(super) async fn cancel_job(function: &SubmitFunction, job_id: &str) -> Result<Job, CliError> {
    Job::from_response(function.invoke("cancel", payload([("job_id", job_id)])).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_active_or_stored_job_that_changed_since_was_started_by_a_lost_invocation() {
        let started_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_600_767);
        let (after, before) = ("2026-03-04T05:06:08.5Z", "2026-03-04T04:59:00Z");
        for (status, updated_at, expected) in [
            ("landing", after, true),
            ("stored", after, true),
            ("stored", before, false),
            ("landing", before, false),
            ("partial", after, false),
            ("cancelled", after, false),
            ("stored", "soon", false),
        ] {
            let job = json!({ "job_id": "1", "status": status, "updated_at": updated_at });
            let job = Job::from_response(job).expect("a job");
            assert_eq!(was_started_since(&job, started_at), expected, "{status} {updated_at}");
        }
    }
}
