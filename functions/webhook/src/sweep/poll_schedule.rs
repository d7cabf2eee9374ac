//! When a silent job is looked at next, and when it is given up. The provider says how often it may be asked.

use model::Job;
use providers::Provider;
use time::{Duration, OffsetDateTime};

use crate::sweep::poll::PollOutcome;

/// Troubles in a row that are taken for passing ones.
const PASSING: u32 = 3;
/// The wait when more than those failed.
const TROUBLED: Duration = Duration::minutes(5);

/// The next time to ask about work that goes on.
pub(crate) fn next(provider: &dyn Provider, job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    let age = std::time::Duration::try_from(now - job.created_at).unwrap_or_default();
    now + (provider.polling().interval)(age, job.check.asked) + jitter(job)
}

/// The next time to ask a provider that does not answer.
pub(crate) fn next_unanswered(provider: &dyn Provider, job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    match job.check.unanswered {
        passing if passing < PASSING => next(provider, job, now),
        _ => next(provider, job, now).max(now + TROUBLED),
    }
}

/// The next look at a job whose message a queue may have lost, twice as late each time that nothing came of it.
pub(crate) fn lost_message(job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    now + Job::FIRST_CHECK * 2_i32.pow(job.check.unanswered.min(6))
}

/// When a job is given up. Work that can be asked about is asked about for as long as the provider remembers it.
pub(crate) fn end(
    provider: &dyn Provider,
    job: &Job,
    inquired: &PollOutcome,
    expiry: std::time::Duration,
) -> OffsetDateTime {
    match inquired {
        PollOutcome::CannotBe => job.created_at + expiry,
        _ => job.created_at + provider.polling().until,
    }
}

/// Up to half a second that differs between jobs, so that those made at once are not asked about at once.
fn jitter(job: &Job) -> Duration {
    let last = job.id.as_bytes().last().copied().unwrap_or_default();
    Duration::milliseconds(i64::from(last) * 2)
}

#[cfg(test)]
mod tests {
    use model::{JobId, NewJob, Origin, ProviderName};

    use super::*;

    fn job(asked: u32, unanswered: u32) -> Job {
        let mut job = Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "generation".into(),
            request: serde_json::json!({}),
            expected: None,
            metadata: None,
            unpack: None,
            origin: Origin::Submitted,
        });
        (job.check.asked, job.check.unanswered) = (asked, unanswered);
        job
    }

    #[test]
    fn three_troubles_pass_and_the_fourth_is_waited_out() {
        let provider = providers::find("abyssale").expect("a provider");
        let intervals = (0..5).map(|unanswered| {
            let job = job(0, unanswered);
            let now = job.created_at + Duration::minutes(1);
            (next_unanswered(provider, &job, now) - now).whole_seconds()
        });
        assert_eq!(intervals.collect::<Vec<_>>(), [3, 3, 3, 300, 300]);
    }
}
