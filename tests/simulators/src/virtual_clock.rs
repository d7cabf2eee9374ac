//! The virtual clock: real time plus the advance that the Admin endpoint requested.

use time::{Duration, OffsetDateTime};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Virtual time, for schedules, expiry and rate-limit windows.
    pub(crate) now: OffsetDateTime,
    /// Real time, only for the `t` of signatures and for the request rate in the log.
    pub(crate) wall: OffsetDateTime,
}

/// Holds the offset between the two clocks and the last known real time.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    offset: Duration,
    wall: OffsetDateTime,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { offset: Duration::ZERO, wall: OffsetDateTime::UNIX_EPOCH }
    }
}

impl VirtualClock {
    /// Sets the real time and returns the moment on both clocks.
    pub(crate) fn read(&mut self, wall: OffsetDateTime) -> Moment {
        self.wall = wall;
        self.last()
    }

    /// Returns the moment of the last reading, for calls without a time.
    pub(crate) fn last(&self) -> Moment {
        Moment { now: self.wall.saturating_add(self.offset), wall: self.wall }
    }

    /// Returns the real time at which virtual time will be `now`.
    pub(crate) fn to_wall(&self, now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_sub(self.offset)
    }

    /// Advances virtual time. It never goes back.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(by.max(Duration::ZERO));
    }

    /// Resets virtual time to real time.
    pub(crate) fn reset(&mut self) {
        self.offset = Duration::ZERO;
    }

    /// Returns how far virtual time is ahead, in seconds.
    pub(crate) fn ahead_seconds(&self) -> f64 {
        self.offset.as_seconds_f64()
    }
}
