//! The nouns of Landfall: job, ticket, event, status, fault.
//!
//! Nothing here does I/O. Every other crate speaks in these types, so that the rules of a job's life stand
//! in one place: [`Job::apply`] is the only function that moves a job, and [`FaultClass`] the only table
//! that says what a failure means to a caller, to a queue and to a log.

mod audience;
mod callback;
mod event;
mod fault;
mod fault_class;
mod files;
mod job;
mod job_id;
mod limits;
mod names;
mod outbox;
mod problem_words;
mod redaction;
mod retries;
#[cfg(feature = "schema")]
mod schema;
mod seal;
mod secret;
mod status;
mod trace;
mod url_origin;
mod view;

pub use audience::{Audience, AudienceView, Waiter, WebhookUrl};
pub use callback::{CallbackKeys, CallbackToken};
pub use event::{Event, Missing, SlowAttempt, Source, SourceRole};
pub use fault::{Fault, JobError, ProviderAnswer, Violation};
pub use fault_class::{FaultClass, Level};
pub use files::{Archive, Checksum, ChecksumAlgorithm, Haul, ManifestObject, StoredFile, Transfer};
pub use job::{Change, Check, Job, NewJob, Origin};
pub use job_id::{JobId, NotAJobId};
pub use limits::{LONGEST_ID, shortened};
pub use names::{ProviderName, Ticket};
pub use outbox::{Announcement, Outbox, Told};
pub use problem_words::{problem_title, problem_urn};
pub use redaction::Redactor;
pub use retries::Retries;
pub use seal::Seals;
pub use secret::Secret;
pub use status::{Status, Transition, UnknownStatus, transition};
pub use trace::{NoTrace, Trace};
pub use view::{
    ArchiveView, DeliveryView, FileLinks, FileView, JobList, JobView, LinkView, Links, ManifestView,
    percent_encoded, utc_milliseconds,
};
