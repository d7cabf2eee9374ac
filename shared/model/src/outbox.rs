//! What others are to be told of a job. It is kept with the job, in the same write as the change that it tells of,
//! until they have been told: a crash between the two loses nothing.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{Change, Event, Job, JobError, Status};

/// A change that others are to be told of. What does not change in a job's life is not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxEvent {
    /// The job's version that the change made: later changes have greater ones.
    pub sequence: u64,
    /// Where the job stood then.
    pub status: Status,
    /// When it changed.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How far the work was, 0 to 100, as the provider reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// What had gone wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// The announcements that somebody is not known to have been told, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outbox {
    /// At most a few: a job only has so many statuses, and progress takes the place of older progress.
    pub events: Vec<OutboxEvent>,
    /// Who has been told of some of them already, and is not told again while others are waited for.
    pub told: OutboxProgress,
    /// When the sweep looks whether they still are here, or somebody who waits for the job. None when there are none.
    pub due: Option<OffsetDateTime>,
}

/// How far others have been told, by the sequence of the last announcement that each of them has; none for nothing.
/// Whoever is not to be told at all has everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxProgress {
    /// The event bus.
    pub bus: Option<u64>,
    /// The queue of callers' webhooks.
    pub caller: Option<u64>,
}

impl Status {
    /// Whether others are told that a job has come here. They are not before the provider has the work, or while
    /// nobody knows whether it has.
    pub fn makes_outbox_event(self) -> bool {
        match self {
            Status::Submitted
            | Status::Rendering
            | Status::Received
            | Status::Landing
            | Status::Stored
            | Status::Partial
            | Status::Failed
            | Status::Expired
            | Status::Cancelled => true,
            Status::Waiting | Status::Submitting | Status::Unknown => false,
        }
    }
}

impl Outbox {
    /// How long whoever changed a job has to tell others itself before the sweep does.
    pub const TIMEOUT: Duration = Duration::seconds(5);
}

impl Job {
    /// Puts what an event did into the outbox, if others are to be told. The job's version is the one that it will
    /// be written as.
    pub fn add_outbox_event(&mut self, event: &Event, change: Change, now: OffsetDateTime) {
        let news = match change {
            Change::Moved => self.status.makes_outbox_event(),
            Change::Noted => matches!(event, Event::Progressed { .. }) && self.status == Status::Rendering,
            Change::Nothing => false,
        };
        if !news {
            return;
        }
        if self.status == Status::Rendering {
            // Newer progress says all that older progress does, however long nobody can be told.
            self.outbox.events.retain(|known| known.status != Status::Rendering);
        }
        self.outbox.events.push(OutboxEvent {
            sequence: self.version,
            status: self.status,
            at: self.updated_at,
            progress: self.progress,
            error: self.error.clone(),
        });
        self.outbox.due.get_or_insert(now + Outbox::TIMEOUT);
    }

    /// Notes what the event bus and the caller have been told, and forgets what both have. Returns whether that is new.
    pub fn told(&mut self, told: OutboxProgress) -> bool {
        let outbox = &mut self.outbox;
        let before = (outbox.events.len(), outbox.told);
        let OutboxProgress { bus, caller } = outbox.told;
        outbox.told = OutboxProgress { bus: bus.max(told.bus), caller: caller.max(told.caller) };
        let through = outbox.told.bus.min(outbox.told.caller);
        outbox.events.retain(|announcement| Some(announcement.sequence) > through);
        if outbox.events.is_empty() {
            outbox.told = OutboxProgress::default();
        }
        let after = (outbox.events.len(), outbox.told);
        self.rest();
        before != after
    }

    /// Lets nobody look after what is to be told once nothing is.
    pub(crate) fn rest(&mut self) {
        if self.outbox.events.is_empty() && self.waiters_to_notify().is_empty() {
            self.outbox.due = None;
        }
    }

    /// When somebody looks after the job, or after what others are to be told of it. None while neither is needed.
    pub fn due(&self) -> Option<OffsetDateTime> {
        self.check.at.into_iter().chain(self.outbox.due).chain(self.audience.sign_at).min()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{JobId, NewJob, Origin, ProviderJobId, ProviderName};

    fn job() -> Job {
        Job::new(NewJob {
            id: JobId::generate(),
            provider: ProviderName::new("abyssale"),
            kind: "export".into(),
            request: json!({}),
            expected: None,
            metadata: None,
            unpack: None,
            origin: Origin::Submitted,
        })
    }

    fn happens(job: &mut Job, event: Event) {
        let now = job.created_at;
        let change = job.apply(event.clone(), now);
        job.version += 1;
        job.add_outbox_event(&event, change, now);
    }

    fn both(through: u64) -> OutboxProgress {
        OutboxProgress { bus: Some(through), caller: Some(through) }
    }

    fn told(job: &Job) -> Vec<(u64, Status)> {
        job.outbox.events.iter().map(|told| (told.sequence, told.status)).collect()
    }

    #[test]
    fn progress_takes_the_place_of_older_progress_and_statuses_are_kept() {
        let mut job = job();
        happens(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
        for percent in [10.0, 20.0, 20.0, 30.0] {
            happens(&mut job, Event::Progressed { percent });
        }
        happens(&mut job, Event::Finished { sources: vec![], missing: vec![] });
        let statuses = [(1, Status::Submitted), (5, Status::Rendering), (6, Status::Received)];
        assert_eq!(told(&job), statuses);
        assert_eq!(job.outbox.events[1].progress, Some(30.0));
    }

    #[test]
    fn what_was_told_is_forgotten_and_what_came_since_is_not() {
        let mut job = job();
        happens(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
        happens(&mut job, Event::Finished { sources: vec![], missing: vec![] });
        assert!(job.told(both(1)) && !job.told(both(1)));
        assert_eq!((told(&job), job.outbox.due.is_some()), (vec![(2, Status::Received)], true));
        assert!(job.told(both(2)) && !job.told(both(2)));
        assert_eq!(job.outbox, Outbox::default());
    }

    #[test]
    fn what_only_one_of_two_was_told_is_kept_for_the_other() {
        let mut job = job();
        happens(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
        let caller = OutboxProgress { bus: None, caller: Some(1) };
        assert!(job.told(caller) && !job.told(caller));
        assert_eq!((told(&job), job.outbox.told), (vec![(1, Status::Submitted)], caller));
        assert!(job.told(OutboxProgress { bus: Some(1), caller: None }));
        assert_eq!(job.outbox, Outbox::default());
    }

    #[test]
    fn the_earlier_of_two_needs_makes_a_job_due() {
        let mut job = job();
        let check = job.check.at;
        assert_eq!(job.due(), check);
        happens(&mut job, Event::Accepted { provider_job_id: ProviderJobId::new("t") });
        assert_eq!(job.due(), Some(job.created_at + Outbox::TIMEOUT));
        job.told(both(1));
        assert_eq!(job.due(), job.check.at);
    }
}
