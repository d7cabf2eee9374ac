//! The events of a job.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    Archive, CompletedBy, JobError, JobId, LandedFiles, ProviderJobId, TransferStatistics,
    url_origin::url_origin,
};

/// An event of a job. Events are facts in the past tense. [`crate::transition`] decides what each changes in a status.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// The submission of a waiting job started. Only the invocation whose write changes the status sends the request.
    SubmissionStarted,
    /// The submission was deferred: no request was sent, or the provider rejected it temporarily and did no work. The
    /// job waits for a later attempt.
    SubmissionDeferred {
        /// The provider's error, when a request was sent.
        error: Option<JobError>,
    },
    /// The provider accepted the work.
    SubmissionAccepted {
        /// The provider's id for the work.
        provider_job_id: ProviderJobId,
    },
    /// The provider rejected the submission in a way that proves that it did no work.
    SubmissionRejected {
        /// The provider's error.
        error: JobError,
    },
    /// The provider finished the request that it accepted, and the work needs another one. The job waits for its
    /// submission like a new job, so the next request is sent at most once too.
    PhaseFinished,
    /// The provider may have accepted the work: its response never arrived.
    SubmissionOutcomeUnknown {
        /// What happened instead of a response.
        error: JobError,
    },
    /// The provider reported progress.
    ProgressReported {
        /// 0 to 100.
        percent: f64,
    },
    /// The provider reported that the files are ready.
    FilesReady {
        /// Where the files can be downloaded. Empty when there was nothing to make.
        sources: Vec<Source>,
        /// The files that the provider could not make.
        missing: Vec<MissingFile>,
    },
    /// Landfall asked the provider and found the files: by a poll, or item by item because the provider reported
    /// nothing or too little. Files that were found item by item never replace files that the provider reports.
    FilesFound {
        /// Where the files can be downloaded.
        sources: Vec<Source>,
        /// The files that the provider could not make, or that cannot be read.
        missing: Vec<MissingFile>,
        /// How they were found.
        completed_by: CompletedBy,
    },
    /// The missing files of a job were asked for by their ids. Nothing more is asked.
    MissingFilesNamed {
        /// The missing files, named as far as they are known.
        missing: Vec<MissingFile>,
    },
    /// The provider did the work, and the work produces no file.
    ResultReturned {
        /// The provider's response, for the caller.
        result: Value,
    },
    /// The provider reported that the work failed.
    WorkFailed {
        /// Why it failed.
        error: JobError,
        /// The files that the provider could not make.
        missing: Vec<MissingFile>,
    },
    /// The status of the work was polled, with or without a response.
    StatusPolled {
        /// When to poll next.
        next_poll_at: OffsetDateTime,
        /// Whether the provider responded.
        has_response: bool,
    },
    /// An unauthenticated callback arrived. Of several at once only the first triggers a poll: the one that finds its
    /// own time in [`crate::PollState::last_callback_poll_at`]. The others move the next poll forward.
    UnverifiedCallbackReceived {
        /// When the callback arrived.
        received_at: OffsetDateTime,
    },
    /// The provider's module has something to store for later polls of the work.
    ProviderStateStored {
        /// The provider's own JSON. Its fields replace those of the same name.
        provider_state: Map<String, Value>,
    },
    /// The provider reported nothing before the timeout.
    Expired {
        /// What the job's record says about it.
        error: JobError,
    },
    /// A worker holds the lease and starts to land the files.
    LandingStarted,
    /// The transfer made progress.
    TransferProgressed {
        /// Statistics so far.
        transfer: TransferStatistics,
    },
    /// A temporary failure stopped the landing. The queue redelivers its message.
    LandingPostponed {
        /// What stopped it.
        error: JobError,
        /// Set when the source was too slow.
        slow_attempt: Option<SlowAttempt>,
    },
    /// The sweep checked whether the landing is still attempted.
    LandingStallChecked {
        /// When to check next.
        next_check_at: OffsetDateTime,
        /// Whether the landing's message was sent to the queue again.
        is_requeued: bool,
        /// The error of a stalled landing.
        error: Option<JobError>,
    },
    /// Every file is in the bucket.
    Landed {
        /// The files in the bucket.
        landed_files: Box<LandedFiles>,
        /// The final statistics of the transfer, if anything was transferred.
        transfer: Option<TransferStatistics>,
    },
    /// Fewer files are in the bucket than were requested.
    LandedPartially {
        /// The files in the bucket.
        landed_files: Box<LandedFiles>,
        /// The final statistics of the transfer, if anything was transferred.
        transfer: Option<TransferStatistics>,
        /// Which files are missing.
        error: JobError,
    },
    /// The landing failed, and a retry would not help.
    LandingFailed {
        /// The archive, when it is in the bucket nevertheless.
        archive: Option<Archive>,
        /// The final statistics of the transfer, if anything was transferred.
        transfer: Option<TransferStatistics>,
        /// Why the landing failed.
        error: JobError,
    },
    /// The caller cancelled the job.
    Cancelled,
    /// An operator retried the landing of a job that has ended, from its known sources.
    LandingRetried,
    /// An operator resumed polling for a job that ended without sources.
    PollingRetried {
        /// Whether the provider is known to have accepted the work.
        is_accepted: bool,
    },
    /// An operator submitted the same request again as a new job.
    Resubmitted {
        /// The new job.
        new_job_id: JobId,
    },
}

/// A landing attempt that ended because the source was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowAttempt {
    /// Whether the attempt transferred at least a part of a file. Then the count of slow attempts starts again.
    pub has_progressed: bool,
}

/// Where a finished file can be downloaded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The provider's URL. It may be presigned, so it allows anyone to read the file.
    pub url: String,
    /// What the file is to the job.
    pub role: SourceRole,
    /// The provider's name for the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the provider says about the file, for the manifest.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// What a source is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceRole {
    /// One archive that holds every file.
    Archive,
    /// One of the files.
    File,
    /// A file that belongs to another one, such as a fallback image. It is not counted.
    Companion,
    /// The list of all sources, in the bucket at this key. It is too long for the job's record.
    SourceList,
}

/// A file that the provider could not make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MissingFile {
    /// The provider's name for the file, such as the name of a format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The provider's reason.
    pub reason: String,
}

impl JobEvent {
    /// How the files or the result became known, when the event reports them.
    pub(crate) fn completed_by(&self) -> Option<CompletedBy> {
        match self {
            JobEvent::FilesReady { .. } => Some(CompletedBy::Callback),
            JobEvent::FilesFound { completed_by, .. } => Some(*completed_by),
            JobEvent::ResultReturned { .. } => Some(CompletedBy::Response),
            _ => None,
        }
    }

    /// Returns the event with how the files became known, if it reports files.
    #[must_use]
    pub fn with_completion(self, completed_by: CompletedBy) -> Self {
        match self {
            JobEvent::FilesReady { sources, missing } => {
                JobEvent::FilesFound { sources, missing, completed_by }
            }
            other => other,
        }
    }
}

impl Source {
    /// Creates the source of one archive that holds every file.
    pub fn archive(url: impl Into<String>) -> Self {
        Self { url: url.into(), role: SourceRole::Archive, name: None, details: Map::new() }
    }

    /// Removes the query and fragment of the URL, which hold the signature. A landed file is not downloaded again.
    pub(crate) fn remove_signature(&mut self) {
        let end = self.url.find(['?', '#']).unwrap_or(self.url.len());
        self.url.truncate(end);
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A presigned URL allows anyone to read the file, and some carry the secret in their path.
        f.debug_struct("Source")
            .field("url", &format_args!("{}/***", url_origin(&self.url)))
            .field("role", &self.role)
            .field("name", &self.name)
            .finish()
    }
}
