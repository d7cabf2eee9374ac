//! Which events change nothing in a job: those that are late by more than its status, and those that it has recorded.

use time::OffsetDateTime;

use crate::{CompletedBy, Job, JobEvent, JobStatus};

/// Whether an event is late for a job although the job's status permits it.
pub(crate) fn is_late(job: &Job, event: &JobEvent) -> bool {
    match event {
        // While the next request of accepted work waits or is sent, progress is that of the request before it.
        JobEvent::ProgressReported { .. } => {
            job.provider_job_id.is_some() && matches!(job.status, JobStatus::Waiting | JobStatus::Submitting)
        }
        // Files that were read item by item are being landed, or are read for a job that has landed some. A late
        // callback must not mix its archive with them.
        JobEvent::FilesReady { .. } => match job.status {
            JobStatus::Received | JobStatus::Landing => job.completed_by == Some(CompletedBy::Banners),
            JobStatus::Submitted | JobStatus::Unknown | JobStatus::Rendering => job.manifest.is_some(),
            _ => false,
        },
        // A `partial` job is polled only while its missing files are asked for.
        JobEvent::StatusPolled { .. }
        | JobEvent::UnverifiedCallbackReceived { .. }
        | JobEvent::ProviderStateStored { .. } => {
            job.status == JobStatus::Partial && job.poll_state.next_poll_at.is_none()
        }
        _ => false,
    }
}

/// How many files an archive lacks of those that were requested, without those that are named already.
pub(crate) fn unnamed_missing_files(job: &Job) -> u64 {
    let lacks = |expected: u64, entries: u64| expected.saturating_sub(entries);
    let shortfall =
        job.archive.as_ref().map_or(0, |archive| lacks(archive.expected.unwrap_or(0), archive.entries));
    shortfall.saturating_sub(job.missing.len() as u64)
}

/// Whether the job holds already what the event says.
pub(crate) fn is_recorded(job: &Job, event: &JobEvent) -> bool {
    match event {
        JobEvent::SubmissionAccepted { provider_job_id: _ } => job.provider_job_id.is_some(),
        JobEvent::ProgressReported { percent } => job.progress.is_some_and(|known| known >= *percent),
        JobEvent::FilesReady { sources, missing } | JobEvent::FilesFound { sources, missing, .. } => {
            job.sources == *sources && job.missing == *missing
        }
        JobEvent::UnverifiedCallbackReceived { received_at } => {
            let next = next_callback_poll(job, *received_at);
            next.is_some_and(|next| job.poll_state.next_poll_at.is_none_or(|poll_at| poll_at <= next))
        }
        JobEvent::ProviderStateStored { provider_state } => {
            provider_state.iter().all(|(name, value)| job.provider_state.get(name) == Some(value))
        }
        JobEvent::SubmissionStarted
        | JobEvent::SubmissionDeferred { .. }
        | JobEvent::PhaseFinished
        | JobEvent::SubmissionRejected { .. }
        | JobEvent::SubmissionOutcomeUnknown { .. }
        | JobEvent::ResultReturned { .. }
        | JobEvent::WorkFailed { .. }
        | JobEvent::MissingFilesNamed { .. }
        | JobEvent::StatusPolled { .. }
        | JobEvent::Expired { .. }
        | JobEvent::LandingStarted
        | JobEvent::TransferProgressed { .. }
        | JobEvent::LandingPostponed { .. }
        | JobEvent::LandingStallChecked { .. }
        | JobEvent::Landed { .. }
        | JobEvent::LandedPartially { .. }
        | JobEvent::LandingFailed { .. }
        | JobEvent::Cancelled
        | JobEvent::LandingRetried
        | JobEvent::PollingRetried { .. } => false,
        JobEvent::Resubmitted { new_job_id } => job.retries.resubmitted_as == Some(*new_job_id),
    }
}

/// When an unverified callback may next trigger a poll. None when one that arrives at this time may.
pub(crate) fn next_callback_poll(job: &Job, at: OffsetDateTime) -> Option<OffsetDateTime> {
    job.poll_state
        .last_callback_poll_at
        .map(|last| last + Job::MIN_CALLBACK_POLL_INTERVAL)
        .filter(|next| at < *next)
}
