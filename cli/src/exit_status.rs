//! The exit codes of the process. Scripts rely on these numbers: they do not change.

use std::process::ExitCode;

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// The command succeeded.
    Success,
    /// A transient error: the same command may succeed later.
    Retryable,
    /// The command line or the request on it is malformed. clap exits with this number, too.
    Usage,
    /// Rejected permanently: the request, the configuration or the permissions must change first.
    Rejected,
    /// There is no such job, file or delivery.
    NotFound,
    /// The job ended `partial`.
    JobPartial,
    /// The job ended `failed`, `expired` or `cancelled`.
    JobUnsuccessful,
    /// The job was still active when `--timeout` had passed.
    TimedOut,
    /// A local file, symbolic link or other run blocks a download.
    LocalConflict,
    /// A check reported a problem.
    CheckFailed,
}

impl ExitStatus {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Retryable => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
            Self::NotFound => 4,
            Self::JobPartial => 5,
            Self::JobUnsuccessful => 6,
            Self::TimedOut => 7,
            Self::LocalConflict => 8,
            Self::CheckFailed => 9,
        }
    }

    /// The more severe of two statuses of one command. A permanent error is more severe than a transient one: otherwise a
    /// script would retry without end.
    pub(crate) fn most_severe(self, other: Self) -> Self {
        let severity = |status| match status {
            Self::Success => 0,
            Self::CheckFailed => 1,
            Self::JobPartial => 2,
            Self::TimedOut => 3,
            Self::Retryable => 4,
            Self::JobUnsuccessful => 5,
            Self::NotFound => 6,
            Self::LocalConflict => 7,
            Self::Rejected => 8,
            Self::Usage => 9,
        };
        if severity(other) > severity(self) { other } else { self }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
