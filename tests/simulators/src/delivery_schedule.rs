//! The schedule of delivery attempts, and the attempts in flight.

use std::collections::HashMap;

use time::OffsetDateTime;

use crate::delivery_attempt::AttemptKind;

/// An attempt that is due at a given time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScheduledSend {
    /// The delivery's number.
    pub(crate) number: u64,
    /// Decides whether a failure is retried.
    pub(crate) attempt_kind: AttemptKind,
    due: OffsetDateTime,
}

/// The attempts to come and those in flight.
#[derive(Debug, Default)]
pub(crate) struct DeliverySchedule {
    sends: Vec<ScheduledSend>,
    /// Maps an attempt in flight to its delivery's number and its index among that delivery's attempts.
    in_flight: HashMap<u64, (u64, usize)>,
    attempts: u64,
}

impl DeliverySchedule {
    /// Returns an empty schedule that does not reuse the numbers of attempts in flight.
    pub(crate) fn cleared(&self) -> Self {
        Self { attempts: self.attempts, ..Self::default() }
    }

    pub(crate) fn send_at(&mut self, number: u64, attempt_kind: AttemptKind, due: OffsetDateTime) {
        self.sends.push(ScheduledSend { number, attempt_kind, due });
    }

    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        self.sends.iter().map(|send| send.due).min()
    }

    /// Takes the attempts that are due, in order of time.
    pub(crate) fn take_due(&mut self, now: OffsetDateTime) -> Vec<ScheduledSend> {
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sends).into_iter().partition(|send| send.due <= now);
        self.sends = later;
        due.sort_by_key(|send| send.due);
        due
    }

    /// Registers an attempt in flight and returns its number. `index` is its index among the delivery's
    /// attempts.
    pub(crate) fn start_attempt(&mut self, number: u64, index: usize) -> u64 {
        self.attempts += 1;
        self.in_flight.insert(self.attempts, (number, index));
        self.attempts
    }

    /// Removes an attempt in flight. Returns its delivery's number and its index there.
    pub(crate) fn finish_attempt(&mut self, attempt: u64) -> Option<(u64, usize)> {
        self.in_flight.remove(&attempt)
    }
}
