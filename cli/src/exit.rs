//! What the process ends with. Scripts rely on these numbers: they do not change.

use std::process::ExitCode;

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done.
    Done,
    /// It is not, and the same again may succeed.
    Retry,
    /// The command line or the request on it cannot be read. clap ends with this number, too.
    Usage,
    /// Refused for good: somebody has to change something.
    Refused,
    /// There is no such job, file or delivery.
    NotFound,
    /// The job ended `partial`.
    Partial,
    /// The job ended `failed`, `expired` or `cancelled`.
    Ended,
    /// The job was not finished when the time to wait was over.
    TimedOut,
    /// Something on this machine is in the way of a download.
    InTheWay,
    /// A check found something out of order.
    OutOfOrder,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Retry => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotFound => 4,
            Self::Partial => 5,
            Self::Ended => 6,
            Self::TimedOut => 7,
            Self::InTheWay => 8,
            Self::OutOfOrder => 9,
        }
    }

    /// The worse of two ends of one command: that about which somebody has to do most. What no retry mends comes before
    /// what is worth retrying, or a script would retry for ever.
    pub(crate) fn worse(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Done => 0,
            Self::OutOfOrder => 1,
            Self::Partial => 2,
            Self::TimedOut => 3,
            Self::Retry => 4,
            Self::Ended => 5,
            Self::NotFound => 6,
            Self::InTheWay => 7,
            Self::Refused => 8,
            Self::Usage => 9,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
