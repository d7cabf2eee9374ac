//! The events of work that ended without a video, and their messages.

use model::{Error, ErrorClass, JobError, JobEvent, MissingFile};
use time::OffsetDateTime;

use super::progress::ExportProgress;

/// The work that a job waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AwaitedWork {
    /// An automation makes the project (contract 7).
    Creation,
    /// An export that Landfall requested.
    Export,
    /// An export that may be in progress: its request got no response.
    UnknownExport,
    /// An export that somebody else requested.
    TrackedExport,
}

/// The provider reported a failure.
pub(super) fn failed_event(work: AwaitedWork, progress: &ExportProgress, now: OffsetDateTime) -> JobEvent {
    let state = progress.state.as_deref().unwrap_or_default();
    let at = progress.percent.map(|percent| format!(" at {percent} %")).unwrap_or_default();
    let reason = progress.reason.as_deref().unwrap_or("no reason was given");
    let what = if work == AwaitedWork::Creation { "automation" } else { "export" };
    let error = failure(format!("AI Studios' {what} ended as {state}{at}: {reason}"), now);
    let missing = MissingFile { name: None, reason: reason.to_owned() };
    JobEvent::WorkFailed { error, missing: vec![missing] }
}

/// The progress has not changed for `minutes`.
pub(super) fn stalled_event(
    work: AwaitedWork,
    progress: &ExportProgress,
    minutes: i64,
    now: OffsetDateTime,
) -> JobEvent {
    let at = progress.describe();
    let message = match work {
        AwaitedWork::Creation => format!(
            "stalled at {at}: AI Studios' automation has not progressed for {minutes} minutes; the project was not \
             exported"
        ),
        AwaitedWork::TrackedExport => format!(
            "stalled: AI Studios has reported {at} for {minutes} minutes; if nobody exports the project, track it with \
             \"export\": true"
        ),
        AwaitedWork::Export | AwaitedWork::UnknownExport => {
            format!("stalled: AI Studios has reported {at} for {minutes} minutes")
        }
    };
    JobEvent::WorkFailed { error: failure(message, now), missing: vec![] }
}

/// The work was not finished after `minutes`.
pub(super) fn expired_event(
    work: AwaitedWork,
    last: &ExportProgress,
    minutes: i64,
    now: OffsetDateTime,
) -> JobEvent {
    let message = match work {
        AwaitedWork::Creation => format!(
            "AI Studios' automation was not finished after {minutes} minutes ({}); the project was not exported",
            last.describe()
        ),
        AwaitedWork::Export | AwaitedWork::TrackedExport => format!(
            "the export was not finished after {minutes} minutes; the file of a later callback is still landed"
        ),
        AwaitedWork::UnknownExport => format!(
            "it is unknown whether AI Studios accepted the export, and it showed no progress for {minutes} minutes; \
             the file of a later callback is still landed"
        ),
    };
    JobEvent::Expired { error: Error::new(ErrorClass::ProviderSilent, message).to_job_error(now) }
}

/// An export is reported as finished, and never has a URL.
pub(super) fn completed_without_url_event(now: OffsetDateTime) -> JobEvent {
    let message = "completed_without_url: AI Studios has reported for 10 minutes that the export is finished, but no \
                   URL of the video";
    JobEvent::WorkFailed { error: failure(message.to_owned(), now), missing: vec![] }
}

fn failure(message: String, now: OffsetDateTime) -> JobError {
    Error::new(ErrorClass::ProviderFailed, message).to_job_error(now)
}
