//! When a job is polled next, and when it expires. The provider says how often it may be polled.

use model::Job;
use providers::Provider;
use time::{Duration, OffsetDateTime};

use super::poll_request::PollOutcome;

/// Up to this many failures in a row, the normal interval applies.
const MAX_TRANSIENT_FAILURES: u32 = 3;
/// The shortest interval after more failures than that.
const FAILURE_INTERVAL: Duration = Duration::minutes(5);

/// The next time to poll for work that is in progress.
pub(crate) fn next_poll(provider: &dyn Provider, job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    let age = std::time::Duration::try_from(now - job.created_at).unwrap_or_default();
    now + (provider.poll_schedule().interval)(age, job.poll_state.answered_polls) + jitter(job)
}

/// The next time to poll a provider that did not respond.
pub(crate) fn next_poll_after_failure(
    provider: &dyn Provider,
    job: &Job,
    now: OffsetDateTime,
) -> OffsetDateTime {
    match job.poll_state.consecutive_failures {
        failures if failures < MAX_TRANSIENT_FAILURES => next_poll(provider, job, now),
        _ => next_poll(provider, job, now).max(now + FAILURE_INTERVAL),
    }
}

/// The next check of a job whose queue message may be lost. The interval doubles with each check without an answer.
pub(crate) fn next_requeue(job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    now + Job::FIRST_POLL_DELAY * 2_i32.pow(job.poll_state.consecutive_failures.min(6))
}

/// When a job expires. Work that can be polled is polled for as long as the provider remembers it.
pub(crate) fn expiry(
    provider: &dyn Provider,
    job: &Job,
    outcome: &PollOutcome,
    callback_timeout: std::time::Duration,
) -> OffsetDateTime {
    match outcome {
        PollOutcome::NotSupported => job.created_at + callback_timeout,
        _ => job.created_at + provider.poll_schedule().give_up_after,
    }
}

/// Up to half a second that differs between jobs, so that jobs created together are not polled together.
fn jitter(job: &Job) -> Duration {
    let last = job.id.as_bytes().last().copied().unwrap_or_default();
    Duration::milliseconds(i64::from(last) * 2)
}

#[cfg(test)]
mod tests {
    use model::{JobId, JobOrigin, NewJob, ProviderName};

    use super::*;

    fn job(answered_polls: u32, consecutive_failures: u32) -> Job {
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "generation".into(),
            request: serde_json::json!({}),
            expected_files: None,
            metadata: None,
            unpack: None,
            origin: JobOrigin::Submitted,
        });
        (job.poll_state.answered_polls, job.poll_state.consecutive_failures) =
            (answered_polls, consecutive_failures);
        job
    }

    #[test]
    fn the_interval_grows_to_five_minutes_after_three_failures() {
        let provider = providers::find_provider("abyssale").expect("a provider");
        let intervals = (0..5).map(|failures| {
            let job = job(0, failures);
            let now = job.created_at + Duration::minutes(1);
            (next_poll_after_failure(provider, &job, now) - now).whole_seconds()
        });
        assert_eq!(intervals.collect::<Vec<_>>(), [3, 3, 3, 300, 300]);
    }
}
