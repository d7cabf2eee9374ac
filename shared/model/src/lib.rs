//! The nouns of Landfall: job, provider job id, event, status, fault.
//!
//! Nothing here does I/O. Every other crate speaks in these types, so that the rules of a job's life stand
//! in one place: [`Job::apply`] is the only function that moves a job, and [`ErrorClass`] the only table
//! that says what a failure means to a caller, to a queue and to a log.

mod callback;
mod error;
mod error_class;
mod event;
mod files;
mod job;
mod job_id;
mod job_retries;
mod job_view;
mod limits;
mod notify_target;
mod outbox;
mod problem;
mod provider_name;
mod redaction;
#[cfg(feature = "schema")]
mod schema;
mod secret;
mod signed_token;
mod status;
mod trace;
mod url_origin;

pub use callback::{CallbackKeys, CallbackToken};
pub use error::{Error, JobError, ProviderAnswer, Violation};
pub use error_class::{ErrorClass, Level};
pub use event::{Event, Missing, SlowAttempt, Source, SourceRole};
pub use files::{
    Archive, Checksum, ChecksumAlgorithm, LandedFiles, ManifestObject, StoredFile, TransferStatistics,
};
pub use job::{Change, Job, NewJob, Origin, PollState};
pub use job_id::{InvalidJobId, JobId};
pub use job_retries::Retries;
pub use job_view::{
    ArchiveView, DeliveryView, FileLinks, FileView, JobLinks, JobList, JobView, LinkView, ManifestView,
    percent_encoded, utc_milliseconds,
};
pub use limits::{MAX_ID_BYTES, shortened};
pub use notify_target::{NotifyTargets, NotifyTargetsView, WebhookUrl, WorkflowWaiter};
pub use outbox::{Outbox, OutboxEvent, OutboxProgress};
pub use problem::{problem_title, problem_urn};
pub use provider_name::{ProviderJobId, ProviderName};
pub use redaction::Redactor;
pub use secret::Secret;
pub use signed_token::TokenSigner;
pub use status::{Status, Transition, UnknownStatus, transition};
pub use trace::{InvalidTrace, Trace};
