//! The command `wait` and the option `--wait`: polls a job until it has ended.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    client::{SubmitFunction, fetch_job},
    error::CliError,
    exit_status::ExitStatus,
    job::Job,
    output::{self, Output, format_bytes, progress_bar},
};

const FIRST_POLL_DELAY: Duration = Duration::from_millis(500);
const MAX_POLL_DELAY: Duration = Duration::from_secs(15);
/// How long the last poll may take beyond the timeout.
const LAST_POLL_TIMEOUT: Duration = Duration::from_secs(10);
/// SQS passes a message without delay to the worker within seconds, a cold start included. A replayed delivery that has
/// changed nothing by then is a duplicate, or arrives too late for the job.
const REPLAY_GRACE: Duration = Duration::from_secs(30);

/// The state of a job when a delivery was replayed. The replay may change even a job that has ended, so this state counts
/// as the result only after the grace period.
#[derive(Debug)]
pub(super) struct ReplayBaseline {
    updated_at: String,
    grace_ends_at: Instant,
}

impl ReplayBaseline {
    pub(super) fn new(job: &Job) -> Self {
        Self { updated_at: job.text("/updated_at").to_owned(), grace_ends_at: Instant::now() + REPLAY_GRACE }
    }

    /// Whether the job is unchanged and the grace period has not ended.
    fn is_pending(&self, job: &Job) -> bool {
        job.text("/updated_at") == self.updated_at && Instant::now() < self.grace_ends_at
    }
}

/// Polls a job until it has ended or the timeout has passed, then prints it. Transient errors are tolerated.
///
/// # Errors
/// The timeout has passed, or the job cannot be fetched.
pub(super) async fn wait_for_job(
    function: &SubmitFunction,
    output: &Output,
    job: Job,
    timeout: Duration,
    baseline: Option<ReplayBaseline>,
) -> Result<ExitStatus, CliError> {
    let deadline = Instant::now().checked_add(timeout).unwrap_or_else(distant_deadline);
    let (mut job, mut delay, mut progress_line) = (job, FIRST_POLL_DELAY, output.progress_line());
    loop {
        let may_change =
            Instant::now() < deadline && baseline.as_ref().is_some_and(|baseline| baseline.is_pending(&job));
        if let Some(status) = job.exit_status().filter(|_| !may_change) {
            progress_line.clear();
            output.print_result(job.json(), || output::render_job(&job))?;
            return Ok(status);
        }
        if Instant::now() >= deadline {
            progress_line.clear();
            output.print_result(job.json(), || output::render_job(&job))?;
            let (id, status) = (job.id(), job.status());
            let message = format!("job {id} is still {status}; run `landfall wait {id}` to keep waiting");
            return Err(CliError::new("TimedOut", message, ExitStatus::TimedOut));
        }
        progress_line.draw(|| progress_text(&job));
        sleep_until(deadline.min(Instant::now() + delay)).await;
        delay = next_delay(delay);
        let poll_deadline = deadline.max(Instant::now()) + LAST_POLL_TIMEOUT;
        if let Ok(refreshed) = timeout_at(poll_deadline, refresh_job(function, &job)).await {
            job = refreshed?;
        }
    }
}

/// Fetches the current state of a job. A transient error returns the previous state.
///
/// # Errors
/// The job cannot be fetched.
pub(super) async fn refresh_job(function: &SubmitFunction, job: &Job) -> Result<Job, CliError> {
    match fetch_job(function, job.id()).await {
        Err(error) if error.exit_status == ExitStatus::Retryable => Ok(job.clone()),
        result => result,
    }
}

/// Increases the delay between polls: rendering takes between seconds and an hour.
fn next_delay(delay: Duration) -> Duration {
    (delay * 3 / 2).min(MAX_POLL_DELAY)
}

/// A deadline for a timeout that `Instant` cannot represent.
fn distant_deadline() -> Instant {
    Instant::now() + Duration::from_secs(365 * 86_400)
}

/// The status and progress of a job as one line.
fn progress_text(job: &Job) -> String {
    let status = job.status();
    let (bytes, total) = (job.number("/transfer/bytes"), job.number("/transfer/total_bytes"));
    match (status, job.number("/progress"), bytes, total) {
        ("landing", _, Some(bytes), Some(total)) if total > 0.0 => {
            let bar = progress_bar(bytes / total);
            format!("{status:<10} {bar} {} of {}", format_bytes(bytes), format_bytes(total))
        }
        ("landing", _, Some(bytes), _) => format!("{status:<10} {}", format_bytes(bytes)),
        ("rendering", Some(percent), ..) => {
            format!("{status:<10} {} {percent:.0} %", progress_bar(percent / 100.0))
        }
        _ => status.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_replay_is_pending_until_the_job_changes_or_the_grace_period_ends() {
        let job = |updated_at: &str| {
            let job = json!({ "job_id": "1", "status": "expired", "updated_at": updated_at });
            Job::from_response(job).expect("a job")
        };
        let baseline = ReplayBaseline::new(&job("then"));
        assert_eq!((baseline.is_pending(&job("then")), baseline.is_pending(&job("now"))), (true, false));
        let over = ReplayBaseline { grace_ends_at: Instant::now(), ..baseline };
        assert!(!over.is_pending(&job("then")));
    }

    #[test]
    fn poll_delays_grow_up_to_a_maximum() {
        let delays: Vec<Duration> =
            std::iter::successors(Some(FIRST_POLL_DELAY), |delay| Some(next_delay(*delay)))
                .take(12)
                .collect();
        assert!(delays.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((delays[1], delays[11]), (Duration::from_millis(750), MAX_POLL_DELAY));
    }

    #[test]
    fn the_progress_text_shows_status_and_progress() {
        for (fields, expected) in [
            (json!({ "status": "submitted" }), "submitted"),
            (json!({ "status": "rendering", "progress": null }), "rendering"),
            (
                json!({ "status": "rendering", "progress": 50.0 }),
                "rendering  [############------------] 50 %",
            ),
            (
                json!({ "status": "landing", "transfer": { "bytes": 250_000, "total_bytes": 1_000_000 } }),
                "landing    [######------------------] 250.0 kB of 1.0 MB",
            ),
            (json!({ "status": "landing", "transfer": { "bytes": 250_000 } }), "landing    250.0 kB"),
        ] {
            let Value::Object(mut job) = fields else { panic!("not an object") };
            job.insert("job_id".into(), "1".into());
            assert_eq!(progress_text(&Job::from_response(job.into()).expect("a job")), expected);
        }
    }
}
