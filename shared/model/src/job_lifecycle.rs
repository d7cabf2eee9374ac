//! The life cycle of a job: how it is created, and what each event changes.

use serde_json::Map;
use time::{Duration, OffsetDateTime};

use crate::{
    CompletedBy, ErrorClass, Job, JobChange, JobError, JobEvent, JobRetries, JobStatus, LandedFiles, NewJob,
    NotifyTargets, Outbox, OutboxEvent, OutboxProgress, PollState, SlowAttempt, Source, TraceHeader,
    Transition, WorkflowWaiter,
    job_size_limits::limit_event,
    redundant_events::{is_late, is_recorded, next_callback_poll, unnamed_missing_files},
    transition,
};

impl Job {
    /// How long a job may stay without news before the first poll: a minute, longer than any invocation that sends a
    /// request takes to record the response, and than most work takes.
    pub const FIRST_POLL_DELAY: Duration = Duration::seconds(60);

    /// After this time without an attempt, a landing counts as stalled. A message that failed is redelivered within
    /// 15 minutes, and one whose worker crashed within 16. A queue that is this far behind has its own alarm, and a
    /// landing that is queued twice is attempted once.
    pub const LANDING_STALL_TIMEOUT: Duration = Duration::hours(2);

    /// The minimum time between two polls that unverified callbacks trigger.
    pub const MIN_CALLBACK_POLL_INTERVAL: Duration = Duration::seconds(5);

    /// Creates a job in the status `submitting`. No request has been sent yet.
    pub fn new(new: NewJob) -> Self {
        let created_at = new.id.created_at();
        Self {
            id: new.id,
            provider: new.provider,
            kind: new.kind,
            request: new.request,
            expected_files: new.expected_files,
            metadata: new.metadata,
            unpack: new.unpack,
            warnings: vec![],
            origin: new.origin,
            status: JobStatus::Submitting,
            provider_job_id: None,
            created_at,
            updated_at: created_at,
            progress: None,
            sources: vec![],
            missing: vec![],
            completed_by: None,
            result: None,
            transfer: None,
            archive: None,
            files: vec![],
            files_total: 0,
            manifest: None,
            error: None,
            provider_state: Map::new(),
            poll_state: PollState {
                next_poll_at: Some(created_at + Self::FIRST_POLL_DELAY),
                ..PollState::default()
            },
            notify_targets: NotifyTargets::default(),
            slow_attempts: 0,
            retries: JobRetries::default(),
            outbox: Outbox::default(),
            trace: None,
            version: 0,
        }
    }

    /// Returns the job in the status `waiting`, which it has before its reservation of the rate limiter.
    #[must_use]
    pub fn into_waiting(self) -> Self {
        Self { status: JobStatus::Waiting, ..self }
    }

    /// Sets the trace of the request that created the job.
    #[must_use]
    pub fn with_trace(self, trace: Option<TraceHeader>) -> Self {
        Self { trace, ..self }
    }

    /// Sets who is notified at the end of the job.
    #[must_use]
    pub fn with_notify_targets(self, notify_targets: NotifyTargets) -> Self {
        let mut job = Self { notify_targets, ..self };
        job.schedule_waiter_notification(job.created_at);
        job
    }

    /// Applies an event. No other function changes the status of a job.
    pub fn apply(&mut self, event: JobEvent, now: OffsetDateTime) -> JobChange {
        let event = limit_event(event, now);
        if is_late(self, &event) {
            return JobChange::Unchanged;
        }
        let change = match transition(self.status, &event) {
            Transition::Stale => return JobChange::Unchanged,
            Transition::Record if is_recorded(self, &event) => return JobChange::Unchanged,
            Transition::Record => JobChange::Recorded,
            Transition::To(status) => {
                self.status = status;
                let wait = if status == JobStatus::Landing {
                    Self::LANDING_STALL_TIMEOUT
                } else {
                    Self::FIRST_POLL_DELAY
                };
                let next_poll_at = status.is_active().then(|| now + wait);
                self.poll_state = PollState {
                    next_poll_at,
                    last_callback_poll_at: self.poll_state.last_callback_poll_at,
                    ..PollState::default()
                };
                JobChange::StatusChanged
            }
        };
        // A poll that returned no news does not count as an update of the job.
        let is_poll_only = matches!(
            event,
            JobEvent::StatusPolled { .. }
                | JobEvent::UnverifiedCallbackReceived { .. }
                | JobEvent::ProviderStateStored { .. }
                | JobEvent::LandingStallChecked { error: None, .. }
        );
        if !is_poll_only {
            self.updated_at = now;
        }
        if change == JobChange::StatusChanged {
            self.completed_by = event.completed_by().or(self.completed_by);
        }
        self.record_event(event);
        change
    }

    /// Whether an event would change the job.
    pub fn is_changed_by(&self, event: &JobEvent) -> bool {
        match transition(self.status, event) {
            _ if is_late(self, event) => false,
            Transition::Stale => false,
            Transition::Record => !is_recorded(self, event),
            Transition::To(_) => true,
        }
    }

    /// The error with which the provider rejected the submission, if it did and nothing else happened since.
    pub fn submission_error(&self) -> Option<&JobError> {
        let is_rejected =
            self.status == JobStatus::Failed && self.provider_job_id.is_none() && self.sources.is_empty();
        self.error.as_ref().filter(|_| is_rejected)
    }

    /// Adds the change that an event made to the outbox, if the change is published. The event's sequence is the
    /// version that the job will be written with.
    pub fn add_outbox_event(&mut self, event: &JobEvent, change: JobChange, now: OffsetDateTime) {
        let is_published = match change {
            JobChange::StatusChanged => self.status.is_published(),
            JobChange::Recorded => {
                matches!(event, JobEvent::ProgressReported { .. }) && self.status == JobStatus::Rendering
            }
            JobChange::Unchanged => false,
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
    pub fn acknowledge_outbox_events(&mut self, told: OutboxProgress) -> bool {
        let has_changed = self.outbox.acknowledge(told);
        self.clear_outbox_due();
        has_changed
    }

    /// When the sweep has to look at the job: for a poll, for its outbox or for a heartbeat. None while none is needed.
    pub fn due_at(&self) -> Option<OffsetDateTime> {
        self.poll_state
            .next_poll_at
            .into_iter()
            .chain(self.outbox.due_at)
            .chain(self.notify_targets.next_heartbeat_at)
            .min()
    }

    /// The waiting workflows that have to be notified that the job has ended.
    pub fn waiters_to_notify(&self) -> &[WorkflowWaiter] {
        if self.status.ends_waiting() { &self.notify_targets.waiters } else { &[] }
    }

    /// Adds waiting workflows, and removes the oldest when there are too many. Returns whether any of them is new.
    pub fn add_waiters(&mut self, waiters: &[WorkflowWaiter], now: OffsetDateTime) -> bool {
        let has_new = self.notify_targets.add_waiters(waiters);
        self.schedule_waiter_notification(now);
        has_new
    }

    /// Removes workflows that wait no longer. Returns whether any was removed.
    pub fn remove_waiters(&mut self, released: &[WorkflowWaiter]) -> bool {
        let has_removed = self.notify_targets.remove_waiters(released);
        self.clear_outbox_due();
        has_removed
    }

    /// Schedules the notification of waiting workflows: of the end of the job, or a heartbeat while it is active.
    pub fn schedule_waiter_notification(&mut self, now: OffsetDateTime) {
        let has_waiters = !self.notify_targets.waiters.is_empty();
        match self.status.ends_waiting() {
            true => self.notify_targets.next_heartbeat_at = None,
            false if has_waiters => {
                self.notify_targets.next_heartbeat_at.get_or_insert(now + NotifyTargets::HEARTBEAT_INTERVAL);
            }
            false => {}
        }
        if !self.waiters_to_notify().is_empty() {
            self.outbox.due_at.get_or_insert(now + Outbox::SWEEP_DELAY);
        }
    }

    /// Removes the outbox's due time once there is nothing to deliver.
    fn clear_outbox_due(&mut self) {
        if self.outbox.events.is_empty() && self.waiters_to_notify().is_empty() {
            self.outbox.due_at = None;
        }
    }

    /// Stores what the event says.
    fn record_event(&mut self, event: JobEvent) {
        match event {
            JobEvent::SubmissionStarted => {}
            JobEvent::SubmissionDeferred { error } => self.error = error.or(self.error.take()),
            // Progress only grows, and the next request starts at 0.
            JobEvent::PhaseFinished => (self.progress, self.error) = (None, None),
            JobEvent::SubmissionAccepted { provider_job_id } => {
                self.provider_job_id.get_or_insert(provider_job_id);
                // The outcome was unknown until now.
                if self.status == JobStatus::Submitted {
                    self.error = None;
                }
            }
            JobEvent::SubmissionRejected { error } | JobEvent::SubmissionOutcomeUnknown { error } => {
                self.error = Some(error)
            }
            JobEvent::ProgressReported { percent } => {
                self.progress = Some(self.progress.unwrap_or(0.0).max(percent))
            }
            JobEvent::FilesReady { sources, missing } | JobEvent::FilesFound { sources, missing, .. } => {
                (self.sources, self.missing) = (sources, missing);
                self.progress = Some(100.0);
                self.error = None;
            }
            JobEvent::ResultReturned { result } => {
                self.result = Some(result);
                self.progress = Some(100.0);
                self.error = None;
            }
            JobEvent::MissingFilesNamed { missing } => {
                self.missing = missing;
                if self.status == JobStatus::Partial {
                    self.poll_state.next_poll_at = None;
                }
            }
            JobEvent::WorkFailed { error, missing } => (self.error, self.missing) = (Some(error), missing),
            JobEvent::StatusPolled { next_poll_at, has_response } => {
                self.poll_state.next_poll_at = Some(next_poll_at);
                self.poll_state.answered_polls += u32::from(has_response);
                self.poll_state.consecutive_failures =
                    if has_response { 0 } else { self.poll_state.consecutive_failures + 1 };
            }
            JobEvent::UnverifiedCallbackReceived { received_at } => {
                match next_callback_poll(self, received_at) {
                    None => self.poll_state.last_callback_poll_at = Some(received_at),
                    Some(next_poll_at) => {
                        self.poll_state.next_poll_at =
                            self.poll_state.next_poll_at.map(|poll_at| poll_at.min(next_poll_at))
                    }
                }
            }
            JobEvent::Expired { error } => self.error = Some(error),
            JobEvent::ProviderStateStored { provider_state } => self.provider_state.extend(provider_state),
            JobEvent::LandingStarted => {
                // The landing is attempted again, so it is not stalled.
                self.error = self.error.take().filter(|error| error.class != ErrorClass::LandingStalled);
            }
            JobEvent::TransferProgressed { transfer } => self.transfer = Some(transfer),
            JobEvent::LandingPostponed { error, slow_attempt } => {
                self.error = Some(error);
                if let Some(SlowAttempt { has_progressed: progressed }) = slow_attempt {
                    self.slow_attempts = if progressed { 1 } else { self.slow_attempts + 1 };
                }
            }
            JobEvent::LandingStallChecked { next_check_at, is_requeued, error } => {
                self.poll_state.next_poll_at = Some(next_check_at);
                self.poll_state.consecutive_failures += u32::from(is_requeued);
                self.error = error.or(self.error.take());
            }
            JobEvent::Landed { landed_files, transfer } => {
                self.set_landed_files(*landed_files, None);
                self.transfer = transfer.or(self.transfer);
                self.sources.iter_mut().for_each(Source::remove_signature);
            }
            JobEvent::LandedPartially { landed_files, transfer, error } => {
                self.set_landed_files(*landed_files, Some(error));
                self.transfer = transfer.or(self.transfer);
                if self.completed_by != Some(CompletedBy::Banners) && unnamed_missing_files(self) > 0 {
                    self.poll_state.next_poll_at = Some(self.updated_at + Self::FIRST_POLL_DELAY);
                }
            }
            JobEvent::LandingFailed { archive, transfer, error } => {
                self.transfer = transfer.or(self.transfer);
                // An archive of an earlier landing is still in the bucket.
                (self.archive, self.error) = (archive.or(self.archive.take()), Some(error));
            }
            JobEvent::Cancelled => self.error = None,
            JobEvent::LandingRetried | JobEvent::PollingRetried { .. } => {
                self.retries.restarts += 1;
                (self.error, self.transfer, self.slow_attempts) = (None, None, 0);
            }
            JobEvent::Resubmitted { new_job_id: job } => self.retries.resubmitted_as = Some(job),
        }
    }

    fn set_landed_files(&mut self, landed_files: LandedFiles, error: Option<JobError>) {
        let LandedFiles { archive, files, files_total, manifest } = landed_files;
        (self.archive, self.files, self.files_total, self.manifest) = (archive, files, files_total, manifest);
        self.error = error;
    }
}
