//! A job: the state that its record in DynamoDB holds.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    Archive, CompletedBy, JobError, JobId, JobRetries, JobStatus, ManifestObject, MissingFile, NotifyTargets,
    Outbox, ProviderJobId, ProviderName, Source, StoredFile, TraceHeader, TransferStatistics, Violation,
};

/// How a job was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOrigin {
    /// A caller submitted it.
    Submitted,
    /// The provider reported work that no caller submitted, and the configuration imports such work.
    Imported,
}

/// The input for a new job.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The id of the job.
    pub id: JobId,
    /// The provider that does the work.
    pub provider: ProviderName,
    /// The kind of work, one that the provider knows, such as `export`.
    pub kind: String,
    /// The validated request, in the provider's canonical form.
    pub request: Value,
    /// How many files are requested, when the request says so.
    pub expected_files: Option<u64>,
    /// The caller's own JSON, returned unchanged.
    pub metadata: Option<Value>,
    /// Whether the archive is unpacked. The worker's configuration decides when the caller does not say.
    pub unpack: Option<bool>,
    /// How the job was created.
    pub origin: JobOrigin,
}

/// A unit of work at a provider, and everything known about it.
#[derive(Debug, Clone)]
pub struct Job {
    /// The id of the job.
    pub id: JobId,
    /// The provider that does the work.
    pub provider: ProviderName,
    /// The kind of work.
    pub kind: String,
    /// The validated request.
    pub request: Value,
    /// How many files are requested.
    pub expected_files: Option<u64>,
    /// The caller's own JSON.
    pub metadata: Option<Value>,
    /// Whether the archive is unpacked, when the caller said so.
    pub unpack: Option<bool>,
    /// What the caller should know of the request, by field.
    pub warnings: Vec<Violation>,
    /// How the job was created.
    pub origin: JobOrigin,
    /// The current status.
    pub status: JobStatus,
    /// The provider's id for the work.
    pub provider_job_id: Option<ProviderJobId>,
    /// When the job was created.
    pub created_at: OffsetDateTime,
    /// When the job last changed.
    pub updated_at: OffsetDateTime,
    /// Progress from 0 to 100, as the provider reports it.
    pub progress: Option<f64>,
    /// Where the finished files can be downloaded.
    pub sources: Vec<Source>,
    /// The files that the provider could not make.
    pub missing: Vec<MissingFile>,
    /// How the files or the result became known. None before that.
    pub completed_by: Option<CompletedBy>,
    /// The provider's response, for work that produces no file.
    pub result: Option<Value>,
    /// Statistics of the running or last landing.
    pub transfer: Option<TransferStatistics>,
    /// The provider's archive in the bucket.
    pub archive: Option<Archive>,
    /// The files in the bucket, or the first of them: see [`LandedFiles::MAX_LISTED`](crate::LandedFiles::MAX_LISTED).
    pub files: Vec<StoredFile>,
    /// How many files are in the bucket.
    pub files_total: u64,
    /// The manifest in the bucket, which lists all files.
    pub manifest: Option<ManifestObject>,
    /// The last error.
    pub error: Option<JobError>,
    /// What the provider's module stores for later polls of the work.
    pub provider_state: Map<String, Value>,
    /// When the sweep polls the job, and what earlier polls returned. Of a `partial` job: when its missing files are
    /// asked for by their ids.
    pub poll_state: PollState,
    /// Who is notified at the end of the job.
    pub notify_targets: NotifyTargets,
    /// Consecutive landing attempts that ended because the source was too slow.
    pub slow_attempts: u32,
    /// How often the job was retried, and which jobs repeat it.
    pub retries: JobRetries,
    /// Events that are not delivered yet.
    pub outbox: Outbox,
    /// The trace of the request that created the job.
    pub trace: Option<TraceHeader>,
    /// Counts the writes. A write is conditional on the version that was read, so two writers cannot overwrite each
    /// other.
    pub version: u64,
}

/// When a job that reports nothing is polled, and how often it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PollState {
    /// The time of the next poll. None while the job needs none.
    pub next_poll_at: Option<OffsetDateTime>,
    /// How many polls the provider answered.
    pub answered_polls: u32,
    /// How many consecutive polls it did not answer.
    pub consecutive_failures: u32,
    /// When an unverified callback last triggered a poll.
    pub last_callback_poll_at: Option<OffsetDateTime>,
}

/// What [`Job::apply`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobChange {
    /// The status changed.
    StatusChanged,
    /// The job recorded something, and its status is the same.
    Recorded,
    /// Nothing changed. There is nothing to write.
    Unchanged,
}
