//! The life cycle of a job: how it is created, and what each event changes.

use serde_json::Map;
use time::{Duration, OffsetDateTime};

use crate::{
    Change, ErrorClass, Event, Job, JobError, LandedFiles, NewJob, NotifyTargets, Outbox, OutboxEvent,
    OutboxProgress, PollState, Retries, SlowAttempt, Source, Status, Trace, Transition, WorkflowWaiter,
    record_limits::limit_event, transition,
};

impl Job {
    /// How long a job may stay without news before the first poll: a minute, longer than any invocation that sends a
    /// request takes to record the response, and than most work takes.
    pub const FIRST_CHECK: Duration = Duration::seconds(60);

    /// After this time without an attempt, a landing counts as stalled. A message that failed is redelivered within
    /// 15 minutes, and one whose worker crashed within 16. A queue that is this far behind has its own alarm, and a
    /// landing that is queued twice is attempted once.
    pub const LANDING_STALLS_AFTER: Duration = Duration::hours(2);

    /// The minimum time between two polls that unverified callbacks trigger.
    pub const BETWEEN_HINTS: Duration = Duration::seconds(5);

    /// Creates a job in the status `submitting`. No request has been sent yet.
    pub fn new(new: NewJob) -> Self {
        let created_at = new.id.created_at();
        Self {
            id: new.id,
            provider: new.provider,
            kind: new.kind,
            request: new.request,
            expected: new.expected,
            metadata: new.metadata,
            unpack: new.unpack,
            origin: new.origin,
            status: Status::Submitting,
            provider_job_id: None,
            created_at,
            updated_at: created_at,
            progress: None,
            sources: vec![],
            missing: vec![],
            result: None,
            transfer: None,
            archive: None,
            files: vec![],
            files_total: 0,
            manifest: None,
            error: None,
            notes: Map::new(),
            check: PollState { at: Some(created_at + Self::FIRST_CHECK), ..PollState::default() },
            audience: NotifyTargets::default(),
            slow_attempts: 0,
            retries: Retries::default(),
            outbox: Outbox::default(),
            trace: None,
            version: 0,
        }
    }

    /// Returns the job in the status `waiting`, which it has before its reservation of the rate limiter.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self { status: Status::Waiting, ..self }
    }

    /// Sets the trace of the request that created the job.
    #[must_use]
    pub fn traced(self, trace: Option<Trace>) -> Self {
        Self { trace, ..self }
    }

    /// Sets who is notified at the end of the job.
    #[must_use]
    pub fn telling(self, audience: NotifyTargets) -> Self {
        let mut job = Self { audience, ..self };
        job.notify_waiters(job.created_at);
        job
    }

    /// Applies an event. No other function changes the status of a job.
    pub fn apply(&mut self, event: Event, now: OffsetDateTime) -> Change {
        let event = limit_event(event, now);
        let change = match transition(self.status, &event) {
            Transition::Stale => return Change::Nothing,
            Transition::Note if self.is_recorded(&event) => return Change::Nothing,
            Transition::Note => Change::Noted,
            Transition::To(status) => {
                self.status = status;
                let wait =
                    if status == Status::Landing { Self::LANDING_STALLS_AFTER } else { Self::FIRST_CHECK };
                let at = status.is_silent().then(|| now + wait);
                self.check = PollState { at, hinted: self.check.hinted, ..PollState::default() };
                Change::Moved
            }
        };
        // A poll that returned no news does not count as an update of the job.
        let is_poll_only = matches!(
            event,
            Event::Checked { .. }
                | Event::Hinted { .. }
                | Event::Noted { .. }
                | Event::LandingChecked { error: None, .. }
        );
        if !is_poll_only {
            self.updated_at = now;
        }
        self.record_event(event);
        change
    }

    /// The error with which the provider rejected the submission, if it did and nothing else happened since.
    pub fn refusal(&self) -> Option<&JobError> {
        let is_rejected =
            self.status == Status::Failed && self.provider_job_id.is_none() && self.sources.is_empty();
        self.error.as_ref().filter(|_| is_rejected)
    }

    /// Adds the change that an event made to the outbox, if the change is published. The event's sequence is the
    /// version that the job will be written with.
    pub fn add_outbox_event(&mut self, event: &Event, change: Change, now: OffsetDateTime) {
        let is_published = match change {
            Change::Moved => self.status.makes_outbox_event(),
            Change::Noted => matches!(event, Event::Progressed { .. }) && self.status == Status::Rendering,
            Change::Nothing => false,
        };
        if is_published {
            let outbox_event = OutboxEvent {
                sequence: self.version,
                status: self.status,
                at: self.updated_at,
                progress: self.progress,
                error: self.error.clone(),
            };
            self.outbox.push(outbox_event, now);
        }
    }

    /// Records which events the event bus and the caller's webhook have received, and removes those that both have.
    /// Returns whether that changed the outbox.
    pub fn told(&mut self, told: OutboxProgress) -> bool {
        let has_changed = self.outbox.acknowledge(told);
        self.clear_outbox_due();
        has_changed
    }

    /// When the sweep has to look at the job: for a poll, for its outbox or for a heartbeat. None while none is needed.
    pub fn due(&self) -> Option<OffsetDateTime> {
        self.check.at.into_iter().chain(self.outbox.due).chain(self.audience.sign_at).min()
    }

    /// The waiting workflows that have to be notified that the job has ended.
    pub fn waiters_to_notify(&self) -> &[WorkflowWaiter] {
        if self.status.ends_wait() { &self.audience.waiters } else { &[] }
    }

    /// Adds waiting workflows, and removes the oldest when there are too many. Returns whether any of them is new.
    pub fn admit(&mut self, waiters: &[WorkflowWaiter], now: OffsetDateTime) -> bool {
        let has_new = self.audience.add_waiters(waiters);
        self.notify_waiters(now);
        has_new
    }

    /// Removes workflows that wait no longer. Returns whether any was removed.
    pub fn release(&mut self, released: &[WorkflowWaiter]) -> bool {
        let has_removed = self.audience.remove_waiters(released);
        self.clear_outbox_due();
        has_removed
    }

    /// Schedules the notification of waiting workflows: of the end of the job, or a heartbeat while it is active.
    pub fn notify_waiters(&mut self, now: OffsetDateTime) {
        let has_waiters = !self.audience.waiters.is_empty();
        match self.status.ends_wait() {
            true => self.audience.sign_at = None,
            false if has_waiters => {
                self.audience.sign_at.get_or_insert(now + NotifyTargets::BETWEEN_SIGNS);
            }
            false => {}
        }
        if !self.waiters_to_notify().is_empty() {
            self.outbox.due.get_or_insert(now + Outbox::TIMEOUT);
        }
    }

    /// Removes the outbox's due time once there is nothing to deliver.
    fn clear_outbox_due(&mut self) {
        if self.outbox.events.is_empty() && self.waiters_to_notify().is_empty() {
            self.outbox.due = None;
        }
    }

    /// Whether the job holds already what the event says.
    fn is_recorded(&self, event: &Event) -> bool {
        match event {
            Event::Accepted { provider_job_id: _ } => self.provider_job_id.is_some(),
            Event::Progressed { percent } => self.progress.is_some_and(|known| known >= *percent),
            Event::Finished { sources, missing } => self.sources == *sources && self.missing == *missing,
            Event::Hinted { at } => {
                let next = self.next_callback_poll(*at);
                next.is_some_and(|next| self.check.at.is_none_or(|poll_at| poll_at <= next))
            }
            Event::Noted { notes } => notes.iter().all(|(name, value)| self.notes.get(name) == Some(value)),
            Event::Begun
            | Event::Deferred { .. }
            | Event::Refused { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Answered { .. }
            | Event::Failed { .. }
            | Event::Checked { .. }
            | Event::Expired { .. }
            | Event::LandingStarted
            | Event::Transferred { .. }
            | Event::LandingPostponed { .. }
            | Event::LandingChecked { .. }
            | Event::Landed { .. }
            | Event::LandedPartly { .. }
            | Event::LandingFailed { .. }
            | Event::Cancelled
            | Event::LandingRetried
            | Event::InquiryRetried { .. } => false,
            Event::Resubmitted { job } => self.retries.resubmitted_as == Some(*job),
        }
    }

    /// Stores what the event says.
    fn record_event(&mut self, event: Event) {
        match event {
            Event::Begun => {}
            Event::Deferred { error } => self.error = error.or(self.error.take()),
            Event::Accepted { provider_job_id } => {
                self.provider_job_id.get_or_insert(provider_job_id);
                // The outcome was unknown until now.
                if self.status == Status::Submitted {
                    self.error = None;
                }
            }
            Event::Refused { error } | Event::OutcomeUnknown { error } => self.error = Some(error),
            Event::Progressed { percent } => self.progress = Some(self.progress.unwrap_or(0.0).max(percent)),
            Event::Finished { sources, missing } => {
                (self.sources, self.missing) = (sources, missing);
                self.progress = Some(100.0);
                self.error = None;
            }
            Event::Answered { result } => {
                self.result = Some(result);
                self.progress = Some(100.0);
                self.error = None;
            }
            Event::Failed { error, missing } => (self.error, self.missing) = (Some(error), missing),
            Event::Checked { next, answered } => {
                self.check.at = Some(next);
                self.check.asked += u32::from(answered);
                self.check.unanswered = if answered { 0 } else { self.check.unanswered + 1 };
            }
            Event::Hinted { at } => match self.next_callback_poll(at) {
                None => self.check.hinted = Some(at),
                Some(next) => self.check.at = self.check.at.map(|poll_at| poll_at.min(next)),
            },
            Event::Expired { error } => self.error = Some(error),
            Event::Noted { notes } => self.notes.extend(notes),
            Event::LandingStarted => {
                // The landing is attempted again, so it is not stalled.
                self.error = self.error.take().filter(|error| error.class != ErrorClass::LandingStalled);
            }
            Event::Transferred { transfer } => self.transfer = Some(transfer),
            Event::LandingPostponed { error, slow } => {
                self.error = Some(error);
                if let Some(SlowAttempt { progressed }) = slow {
                    self.slow_attempts = if progressed { 1 } else { self.slow_attempts + 1 };
                }
            }
            Event::LandingChecked { next, queued, error } => {
                self.check.at = Some(next);
                self.check.unanswered += u32::from(queued);
                self.error = error.or(self.error.take());
            }
            Event::Landed { haul } => {
                self.set_landed_files(haul, None);
                self.sources.iter_mut().for_each(Source::remove_signature);
            }
            Event::LandedPartly { haul, error } => self.set_landed_files(haul, Some(error)),
            Event::LandingFailed { archive, error } => {
                // An archive of an earlier landing is still in the bucket.
                (self.archive, self.error) = (archive.or(self.archive.take()), Some(error));
            }
            Event::Cancelled => self.error = None,
            Event::LandingRetried | Event::InquiryRetried { .. } => {
                self.retries.rounds += 1;
                (self.error, self.transfer, self.slow_attempts) = (None, None, 0);
            }
            Event::Resubmitted { job } => self.retries.resubmitted_as = Some(job),
        }
    }

    /// When an unverified callback may next trigger a poll. None when one that arrives at this time may.
    fn next_callback_poll(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        self.check.hinted.map(|last| last + Self::BETWEEN_HINTS).filter(|next| at < *next)
    }

    fn set_landed_files(&mut self, landed_files: LandedFiles, error: Option<JobError>) {
        let LandedFiles { archive, files, files_total, manifest } = landed_files;
        (self.archive, self.files, self.files_total, self.manifest) = (archive, files, files_total, manifest);
        self.error = error;
    }
}
