//! Use cases: what an operator does with a job that did not go well.

use std::time::{Duration, SystemTime};

use aws_smithy_types::{DateTime, date_time::Format};
use model::ErrorClass;

use super::{fields, job_of};
use crate::{client::Function, exit::Exit, failure::Failure, job::Job};

/// How far this machine's clock may be from AWS's own. What is signed by another is refused.
const CLOCKS: Duration = Duration::from_secs(300);

/// Lands a job's files again, or submits its request anew; then the job is the new one.
///
/// A retry whose answer was lost is sent again, and refused if the first one set the job going. That is what was asked
/// for.
pub(super) async fn retry(function: &Function, job: &str, resubmit: bool) -> Result<Job, Failure> {
    let mut fields = fields([("job_id", job)]);
    fields.insert("resubmit".to_owned(), resubmit.into());
    let begun = SystemTime::now();
    let failure = match function.call("retry", fields).await {
        Ok(answer) => return Job::read(answer),
        Err(failure) => failure,
    };
    if failure.unsure && failure.class == ErrorClass::JobConflict.name() {
        let now = job_of(function, job).await?;
        if goes_well_since(&now, begun) {
            return Ok(now);
        }
    }
    Err(failure)
}

/// Whether a job moves or is stored, and was not so all along.
fn goes_well_since(job: &Job, begun: SystemTime) -> bool {
    let updated = DateTime::from_str(job.text("/updated_at"), Format::DateTime).ok();
    let updated = updated.and_then(|updated| SystemTime::try_from(updated).ok());
    let goes_well = matches!(job.end(), None | Some(Exit::Done));
    goes_well && updated.is_some_and(|updated| updated + CLOCKS >= begun)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_job_that_changed_since_and_goes_well_was_set_going_by_a_lost_call() {
        let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_600_767);
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
            let job = Job::read(job).expect("a job");
            assert_eq!(goes_well_since(&job, begun), expected, "{status} {updated_at}");
        }
    }
}
