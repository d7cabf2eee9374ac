//! The virtual clock: real time plus what the Admin endpoint advanced it by.

use time::{Duration, OffsetDateTime};

/// One moment, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Virtual time: scheduling, expiry, windows.
    pub(crate) now: OffsetDateTime,
    /// Real time: only for the `t` of signatures, and for the pace that the log shows.
    pub(crate) wall: OffsetDateTime,
}

/// Holds the offset between the two clocks and the last real time seen.
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
    /// Notes the real time and gives the moment on both clocks.
    pub(crate) fn read(&mut self, wall: OffsetDateTime) -> Moment {
        self.wall = wall;
        self.last()
    }

    /// The moment of the last reading, for calls that come without a time.
    pub(crate) fn last(&self) -> Moment {
        Moment { now: self.wall.saturating_add(self.offset), wall: self.wall }
    }

    /// The real time at which virtual time will be `now`.
    pub(crate) fn to_wall(&self, now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_sub(self.offset)
    }

    /// Moves virtual time on. It never runs backwards.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(by.max(Duration::ZERO));
    }

    /// Puts virtual time back to real time.
    pub(crate) fn reset(&mut self) {
        self.offset = Duration::ZERO;
    }

    /// How far virtual time is ahead, in seconds.
    pub(crate) fn ahead_seconds(&self) -> f64 {
        self.offset.as_seconds_f64()
    }
}
