//! Data types of Landfall: job, event, status, error, notify targets, outbox.
//!
//! The crate does no I/O. All other crates use these types, so each rule of a job's life cycle has one definition:
//! [`Job::apply`] is the only function that changes the status of a job, and [`ErrorClass`] is the only table that says
//! what a failure means for a caller, for a queue and for the log.

mod callback_token;
mod completed_by;
mod error;
mod error_class;
mod job;
mod job_event;
mod job_id;
mod job_lifecycle;
mod job_retries;
mod job_size_limits;
mod job_status;
mod job_view;
#[cfg(feature = "schema")]
mod json_schema;
mod landed_files;
mod notify_target;
mod outbox;
mod problem;
mod provider_name;
mod rate_limits;
mod redaction;
mod redundant_events;
mod secret;
mod signed_token;
mod status_transition;
mod trace_header;
mod url_origin;

pub use callback_token::{CallbackKeys, CallbackToken};
pub use completed_by::{CompletedBy, CompletedByParseError};
pub use error::{Error, JobError, ProviderError, Violation};
pub use error_class::{ErrorClass, LogLevel};
pub use job::{Job, JobChange, JobOrigin, NewJob, PollState};
pub use job_event::{JobEvent, MissingFile, SlowAttempt, Source, SourceRole};
pub use job_id::{JobId, JobIdParseError};
pub use job_retries::JobRetries;
pub use job_size_limits::{MAX_PROVIDER_JOB_ID_BYTES, truncate_text};
pub use job_status::{JobStatus, StatusParseError};
pub use job_view::{
    ArchiveView, DeliveryView, FileLinks, FileView, JobLinks, JobList, JobView, LinkView, ManifestView,
    percent_encode, utc_milliseconds,
};
pub use landed_files::{
    Archive, Checksum, ChecksumAlgorithm, LandedFiles, ManifestObject, StoredFile, TransferStatistics,
};
pub use notify_target::{NotifyTargets, NotifyTargetsView, WebhookUrl, WorkflowWaiter};
pub use outbox::{Outbox, OutboxEvent, OutboxProgress};
pub use problem::{problem_title, problem_urn};
pub use provider_name::{ProviderJobId, ProviderName};
pub use rate_limits::{RateLimits, RateTier, RateWindow};
pub use redaction::Redactor;
pub use secret::Secret;
pub use signed_token::TokenSigner;
pub use status_transition::{Transition, transition};
pub use trace_header::{TraceHeader, TraceParseError};
