//! The allowed changes of a job's status: which event moves which status to which.

use crate::{Job, JobEvent, JobStatus};

/// What an event changes in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The job moves to this status.
    To(JobStatus),
    /// The status stays the same, and the job records what the event says.
    Record,
    /// The event is late or a duplicate. Nothing changes.
    Stale,
}

/// Returns what an event changes in a job with this status.
///
/// The function is total. It never moves a job backwards, with three exceptions: a submission that the provider
/// deferred, work that needs another request, and an operator's retry. So the job reaches the same status in whatever order and number the provider's
/// events arrive.
pub fn transition(status: JobStatus, event: &JobEvent) -> Transition {
    use JobStatus::*;
    use Transition::{Record, Stale, To};
    match event {
        JobEvent::SubmissionStarted => match status {
            Waiting => To(Submitting),
            // Another invocation claimed the job: only the one that changed the status may submit it.
            Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        JobEvent::SubmissionDeferred { .. } => match status {
            // Backwards: the provider is known to have done no work.
            Submitting => To(Waiting),
            Waiting | Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        JobEvent::SubmissionAccepted { .. } => match status {
            // A provider that reports work has done it, even for a job that waits. Another submission would bill it
            // again.
            Waiting | Submitting | Unknown => To(Submitted),
            // The callback arrived before the response. The provider job id is still recorded.
            Submitted | Rendering | Received | Landing | Stored | Partial | Failed | Expired | Cancelled => {
                Record
            }
        },
        JobEvent::PhaseFinished => match status {
            // Backwards: the next request is submitted as the first one was. `unknown` means here that the submission
            // of the next request ended before it stored that it would send it.
            Submitted | Unknown | Rendering => To(Waiting),
            // An expired job has been reported as ended, and only an operator's retry continues it.
            Waiting | Submitting | Received | Landing | Stored | Partial | Failed | Expired | Cancelled => {
                Stale
            }
        },
        JobEvent::SubmissionRejected { .. } => match status {
            Waiting | Submitting => To(Failed),
            Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed | Expired
            | Cancelled => Stale,
        },
        JobEvent::SubmissionOutcomeUnknown { .. } => match status {
            Submitting => To(Unknown),
            Waiting | Submitted | Unknown | Rendering | Received | Landing | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        JobEvent::ProgressReported { .. } => match status {
            Waiting | Submitting | Submitted | Unknown => To(Rendering),
            Rendering => Record,
            Received | Landing | Stored | Partial | Failed | Expired | Cancelled => Stale,
        },
        JobEvent::FilesReady { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Expired => To(Received),
            // A later delivery may carry a URL that is still valid when the first one has expired.
            Received | Landing => Record,
            Stored | Partial | Failed | Cancelled => Stale,
        },
        JobEvent::ResultReturned { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Expired => To(Stored),
            Received | Landing | Stored | Partial | Failed | Cancelled => Stale,
        },
        JobEvent::WorkFailed { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Expired => To(Failed),
            // Files that are ready take precedence over a failure.
            Received | Landing | Stored | Partial | Failed | Cancelled => Stale,
        },
        JobEvent::StatusPolled { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing => Record,
            Stored | Partial | Failed | Expired | Cancelled => Stale,
        },
        // Before the response to the submission there is nothing to poll.
        JobEvent::UnverifiedCallbackReceived { .. } => match status {
            Submitted | Unknown | Rendering | Expired => Record,
            Waiting | Submitting | Received | Landing | Stored | Partial | Failed | Cancelled => Stale,
        },
        JobEvent::ProviderStateStored { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Expired => Record,
            Stored | Partial | Failed | Cancelled => Stale,
        },
        JobEvent::Expired { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering => To(Expired),
            Received | Landing | Stored | Partial | Failed | Expired | Cancelled => Stale,
        },
        JobEvent::LandingStarted => match status {
            Received => To(Landing),
            // Another worker continues after a crash.
            Landing => Record,
            Waiting | Submitting | Submitted | Unknown | Rendering | Stored | Partial | Failed | Expired
            | Cancelled => Stale,
        },
        JobEvent::TransferProgressed { .. }
        | JobEvent::LandingPostponed { .. }
        | JobEvent::LandingStallChecked { .. } => match status {
            Landing => Record,
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Stored | Partial | Failed
            | Expired | Cancelled => Stale,
        },
        JobEvent::Landed { .. } => only_while_landing(status, Stored),
        JobEvent::LandedPartially { .. } => only_while_landing(status, Partial),
        JobEvent::LandingFailed { .. } => only_while_landing(status, Failed),
        JobEvent::Cancelled => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Expired => {
                To(Cancelled)
            }
            Stored | Partial | Failed | Cancelled => Stale,
        },
        // Only an operator's retry leaves these statuses. A late event of the provider does not.
        JobEvent::LandingRetried => match status {
            Partial | Failed | Expired => To(Received),
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored
            | Cancelled => Stale,
        },
        JobEvent::PollingRetried { is_accepted } => match status {
            Failed | Expired if *is_accepted => To(Submitted),
            Failed | Expired => To(Unknown),
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored
            | Partial | Cancelled => Stale,
        },
        // The event only records the id of the new job, so it is valid in every status.
        JobEvent::Resubmitted { .. } => match status {
            Waiting | Submitting | Submitted | Unknown | Rendering | Received | Landing | Stored
            | Partial | Failed | Expired | Cancelled => Record,
        },
    }
}

/// Returns what an event changes in a job. While the next request of accepted work waits or is sent, a late report of
/// progress is about the request before it.
pub(crate) fn job_transition(job: &Job, event: &JobEvent) -> Transition {
    let is_between_requests =
        job.provider_job_id.is_some() && matches!(job.status, JobStatus::Waiting | JobStatus::Submitting);
    match event {
        JobEvent::ProgressReported { .. } if is_between_requests => Transition::Stale,
        _ => transition(job.status, event),
    }
}

fn only_while_landing(status: JobStatus, next: JobStatus) -> Transition {
    match status {
        JobStatus::Landing => Transition::To(next),
        JobStatus::Waiting
        | JobStatus::Submitting
        | JobStatus::Submitted
        | JobStatus::Unknown
        | JobStatus::Rendering
        | JobStatus::Received
        | JobStatus::Stored
        | JobStatus::Partial
        | JobStatus::Failed
        | JobStatus::Expired
        | JobStatus::Cancelled => Transition::Stale,
    }
}
