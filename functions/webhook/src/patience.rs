//! When a silent job is looked at next, and when it is given up.
//!
//! The intervals of a poll are those of the provider's own clients: 3 seconds, doubled each time up to 30, for half an
//! hour (contract of Abyssale 7). After that the job is parked: nearly everything is done by then, and what is not shall
//! not use up the provider's rate. A schedule of a minute makes the short intervals a minute.

use model::{Job, Status};
use time::{Duration, OffsetDateTime};

use crate::inquire::Inquired;

const FIRST: Duration = Duration::seconds(3);
const LONGEST: Duration = Duration::seconds(30);
/// How long a poll goes on at full pace.
const AT_FULL_PACE: Duration = Duration::minutes(30);
/// The intervals after that: every five minutes for six hours, then every hour.
const PARKED: Duration = Duration::minutes(5);
const PARKED_LONG: Duration = Duration::hours(1);
const PARKED_LONG_AFTER: Duration = Duration::hours(6);
/// Troubles in a row that are taken for passing ones.
const PASSING: u32 = 3;
/// Work that can be asked about is given up before the provider forgets it, which is after 7 days (contract of
/// Abyssale 3.3).
const POLLED_FOR: Duration = Duration::hours(6 * 24 + 12);

/// The next time to ask about work that goes on.
pub(crate) fn next(job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    let age = now - job.created_at;
    let interval = if age < AT_FULL_PACE {
        let doubled = FIRST * 2_i32.pow(job.check.asked.min(10));
        doubled.min(LONGEST)
    } else if age < PARKED_LONG_AFTER {
        PARKED
    } else {
        PARKED_LONG
    };
    now + interval + jitter(job)
}

/// The next time to ask a provider that does not answer.
pub(crate) fn next_unanswered(job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    match job.check.unanswered {
        passing if passing < PASSING => next(job, now),
        _ => next(job, now).max(now + PARKED),
    }
}

/// The next look at a job whose message a queue may have lost, twice as late each time.
pub(crate) fn lost_message(job: &Job, now: OffsetDateTime) -> OffsetDateTime {
    now + Job::FIRST_CHECK * 2_i32.pow(job.check.asked.min(6))
}

/// When a job is given up. Work that can be asked about is asked about for as long as the provider remembers it.
pub(crate) fn end(job: &Job, inquired: &Inquired, expiry: std::time::Duration) -> OffsetDateTime {
    match inquired {
        Inquired::CannotBe => job.created_at + expiry,
        _ => job.created_at + POLLED_FOR,
    }
}

/// The metric that counts how a silent job was settled.
pub(crate) fn metric(job: &Job) -> &'static str {
    match job.status {
        Status::Expired => "ExpiredJobs",
        Status::Failed => "FailedJobs",
        Status::Waiting
        | Status::Submitting
        | Status::Submitted
        | Status::Unknown
        | Status::Rendering
        | Status::Received
        | Status::Landing
        | Status::Stored
        | Status::Partial
        | Status::Cancelled => "SettledJobs",
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

    fn seconds(job: &Job, age: Duration, next: fn(&Job, OffsetDateTime) -> OffsetDateTime) -> i64 {
        let now = job.created_at + age;
        (next(job, now) - now).whole_seconds()
    }

    #[test]
    fn intervals_double_up_to_half_a_minute_and_grow_long_after_half_an_hour() {
        let young = Duration::minutes(1);
        let intervals: Vec<i64> = (0..6).map(|asked| seconds(&job(asked, 0), young, next)).collect();
        assert_eq!(intervals, [3, 6, 12, 24, 30, 30]);
        assert_eq!(seconds(&job(90, 0), Duration::minutes(31), next), 300);
        assert_eq!(seconds(&job(90, 0), Duration::hours(7), next), 3600);
    }

    #[test]
    fn three_troubles_pass_and_the_fourth_is_waited_out() {
        let young = Duration::minutes(1);
        let intervals: Vec<i64> = (0..5).map(|n| seconds(&job(0, n), young, next_unanswered)).collect();
        assert_eq!(intervals, [3, 3, 3, 300, 300]);
    }
}
