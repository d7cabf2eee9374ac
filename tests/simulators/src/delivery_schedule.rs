//! What is to be sent when, and which attempts are in flight.

use std::collections::HashMap;

use time::OffsetDateTime;

use crate::delivery_attempt::AttemptKind;

/// A sending that is due at some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScheduledSend {
    /// The delivery's number.
    pub(crate) number: u64,
    /// Whether it is repeated when it fails.
    pub(crate) attempt_kind: AttemptKind,
    due: OffsetDateTime,
}

/// The sendings to come and those under way.
#[derive(Debug, Default)]
pub(crate) struct DeliverySchedule {
    sends: Vec<ScheduledSend>,
    /// DeliveryAttempt in flight to its delivery and its place there.
    in_flight: HashMap<u64, (u64, usize)>,
    attempts: u64,
}

impl DeliverySchedule {
    /// Empty, but no attempt gets a number that one still in flight has.
    pub(crate) fn cleared(&self) -> Self {
        Self { attempts: self.attempts, ..Self::default() }
    }

    pub(crate) fn send_at(&mut self, number: u64, attempt_kind: AttemptKind, due: OffsetDateTime) {
        self.sends.push(ScheduledSend { number, attempt_kind, due });
    }

    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        self.sends.iter().map(|send| send.due).min()
    }

    /// Takes what is due, in order of time.
    pub(crate) fn take_due(&mut self, now: OffsetDateTime) -> Vec<ScheduledSend> {
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sends).into_iter().partition(|send| send.due <= now);
        self.sends = later;
        due.sort_by_key(|send| send.due);
        due
    }

    /// Gives a number to an attempt that is delivery `number`'s in `place`.
    pub(crate) fn start_attempt(&mut self, number: u64, place: usize) -> u64 {
        self.attempts += 1;
        self.in_flight.insert(self.attempts, (number, place));
        self.attempts
    }

    /// The delivery and the place there of an attempt that ended.
    pub(crate) fn finish_attempt(&mut self, attempt: u64) -> Option<(u64, usize)> {
        self.in_flight.remove(&attempt)
    }
}
