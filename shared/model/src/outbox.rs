//! The outbox of a job: events that have to be delivered to the event bus and to the caller's webhook.
//!
//! An event is stored with the job, in the same write as the change that it reports, until both targets have received
//! it. So a crash between the write and the delivery loses no event.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{JobError, JobStatus};

/// A change that the targets are notified of. It holds only what can change in the life of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxEvent {
    /// The version of the job that the change made. Later changes have greater ones.
    pub sequence: u64,
    /// The status of the job after the change.
    pub status: JobStatus,
    /// When the job changed.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Progress from 0 to 100, as the provider reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// The error of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
}

/// The events that a target may not have received, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outbox {
    /// The events. There are few: a job has a limited number of statuses, and newer progress replaces older progress.
    pub events: Vec<OutboxEvent>,
    /// What each target has received already. It is not sent again while another target is still pending.
    pub progress: OutboxProgress,
    /// When the sweep delivers what is left: events, or the end of the job to waiting workflows. None when nothing is.
    pub due_at: Option<OffsetDateTime>,
}

/// The sequence of the last event that each target has received, none before the first. A target that is not configured
/// counts as having received all events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxProgress {
    /// The event bus.
    pub event_bus: Option<u64>,
    /// The queue of callers' webhooks.
    pub caller_webhook: Option<u64>,
}

impl Outbox {
    /// How long an invocation that changed a job has to deliver its events before the sweep does.
    pub const SWEEP_DELAY: Duration = Duration::seconds(5);

    /// Adds an event. Newer progress replaces older progress, so the outbox stays small while no target can be reached.
    pub(crate) fn push(&mut self, event: OutboxEvent, now: OffsetDateTime) {
        if event.status == JobStatus::Rendering {
            self.events.retain(|known| known.status != JobStatus::Rendering);
        }
        self.events.push(event);
        self.due_at.get_or_insert(now + Self::SWEEP_DELAY);
    }

    /// Records what the targets have received, and removes the events that both have. Returns whether that changed
    /// anything.
    pub(crate) fn acknowledge(&mut self, delivered: OutboxProgress) -> bool {
        let before = (self.events.len(), self.progress);
        let OutboxProgress { event_bus: bus, caller_webhook: caller } = self.progress;
        self.progress = OutboxProgress {
            event_bus: bus.max(delivered.event_bus),
            caller_webhook: caller.max(delivered.caller_webhook),
        };
        let through = self.progress.event_bus.min(self.progress.caller_webhook);
        self.events.retain(|event| Some(event.sequence) > through);
        if self.events.is_empty() {
            self.progress = OutboxProgress::default();
        }
        before != (self.events.len(), self.progress)
    }
}
