//! Use case: wait until a job has ended.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::job_of;
use crate::{
    client::Function,
    exit::Exit,
    failure::Failure,
    job::Job,
    output::{self, Output, bar, size},
};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(15);
/// What the last look may take beyond the time to wait.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// A queue that nothing delays hands a message to the worker within seconds, a cold start included. What has changed
/// nothing by then was told before, or comes too late for the job.
const GRACE: Duration = Duration::from_secs(30);

/// Where a job stood when something was set going that may change it even at its end. That end is none until the job has
/// changed, or the grace is over.
#[derive(Debug)]
pub(super) struct Standing {
    updated_at: String,
    until: Instant,
}

impl Standing {
    pub(super) fn of(job: &Job) -> Self {
        Self { updated_at: job.text("/updated_at").to_owned(), until: Instant::now() + GRACE }
    }

    /// Whether the job still stands there.
    fn holds(&self, job: &Job) -> bool {
        job.text("/updated_at") == self.updated_at && Instant::now() < self.until
    }
}

/// Waits, and shows the job as it ended, or as it is when the time is over. Passing trouble is waited out.
///
/// # Errors
/// The time is over, or the job cannot be asked for any more.
pub(super) async fn wait(
    function: &Function,
    output: &Output,
    job: Job,
    patience: Duration,
    standing: Option<Standing>,
) -> Result<Exit, Failure> {
    let deadline = Instant::now().checked_add(patience).unwrap_or_else(far);
    let (mut job, mut pause, mut meter) = (job, FIRST_PAUSE, output.meter());
    loop {
        let may_change =
            Instant::now() < deadline && standing.as_ref().is_some_and(|standing| standing.holds(&job));
        if let Some(exit) = job.end().filter(|_| !may_change) {
            meter.clear();
            output.answer(job.json(), || output::job(&job))?;
            return Ok(exit);
        }
        if Instant::now() >= deadline {
            meter.clear();
            output.answer(job.json(), || output::job(&job))?;
            let (id, status) = (job.id(), job.status());
            let message = format!("job {id} is still {status}; `landfall wait {id}` goes on");
            return Err(Failure::new("TimedOut", message, Exit::TimedOut));
        }
        meter.draw(|| line(&job));
        sleep_until(deadline.min(Instant::now() + pause)).await;
        pause = next(pause);
        let last = deadline.max(Instant::now()) + LAST_LOOK;
        if let Ok(now) = timeout_at(last, look(function, &job)).await {
            job = now?;
        }
    }
}

/// A job as it is now; as it was, while there is passing trouble.
///
/// # Errors
/// It cannot be asked for any more.
pub(super) async fn look(function: &Function, job: &Job) -> Result<Job, Failure> {
    match job_of(function, job.id()).await {
        Err(failure) if failure.exit == Exit::Retry => Ok(job.clone()),
        now => now,
    }
}

/// Rendering takes seconds or an hour: who has waited long can wait a little longer.
fn next(pause: Duration) -> Duration {
    (pause * 3 / 2).min(MAX_PAUSE)
}

/// As good as for ever.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(365 * 86_400)
}

/// How far a job is, as a line.
fn line(job: &Job) -> String {
    let status = job.status();
    let (bytes, total) = (job.number("/transfer/bytes"), job.number("/transfer/total_bytes"));
    match (status, job.number("/progress"), bytes, total) {
        ("landing", _, Some(bytes), Some(total)) if total > 0.0 => {
            format!("{status:<10} {} {} of {}", bar(bytes / total), size(bytes), size(total))
        }
        ("landing", _, Some(bytes), _) => format!("{status:<10} {}", size(bytes)),
        ("rendering", Some(percent), ..) => format!("{status:<10} {} {percent:.0} %", bar(percent / 100.0)),
        _ => status.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_job_stands_until_it_changes_or_the_grace_is_over() {
        let job = |updated_at: &str| {
            Job::read(json!({ "job_id": "1", "status": "expired", "updated_at": updated_at })).expect("a job")
        };
        let standing = Standing::of(&job("then"));
        assert_eq!((standing.holds(&job("then")), standing.holds(&job("now"))), (true, false));
        let over = Standing { until: Instant::now(), ..standing };
        assert!(!over.holds(&job("then")));
    }

    #[test]
    fn pauses_grow_to_their_longest() {
        let pauses: Vec<Duration> =
            std::iter::successors(Some(FIRST_PAUSE), |pause| Some(next(*pause))).take(12).collect();
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((pauses[1], pauses[11]), (Duration::from_millis(750), MAX_PAUSE));
    }

    #[test]
    fn the_line_says_how_far_the_job_is() {
        for (fields, said) in [
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
            let Value::Object(mut job) = fields else { panic!("an object") };
            job.insert("job_id".into(), "1".into());
            assert_eq!(line(&Job::read(job.into()).expect("a job")), said);
        }
    }
}
