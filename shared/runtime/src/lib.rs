//! What it means to run on AWS Lambda: what invoked us, how to answer, what the environment says.
//!
//! Left of a function's `Command` nothing knows the business; right of it nothing knows AWS events. This
//! crate is all that stands on the left.

mod aws;
mod ca_bundle;
mod env;
mod event_source;
mod http_event;
mod invocation_context;
mod log;
mod log_fields;
mod metrics;
mod problem;
mod provider_settings;
mod response;
mod runtime;
mod xray;

pub use aws::Aws;
pub use ca_bundle::ca_bundle;
pub use env::Environment;
pub use event_source::{EventSource, QueueMessage};
pub use http_event::is_plain_path;
pub use invocation_context::{InvocationContext, set_job, set_provider, trace, work_item_span};
pub use log::{LOGGED_CRATES, log_into, start_log};
pub use metrics::{METRICS, Metric, NAMESPACE, Unit};
pub use problem::Problem;
pub use provider_settings::{DefaultLimits, ProviderSettings};
pub use response::{HttpReply, QueueReply};
pub use runtime::{Failure, RuntimeError, serve};
pub use xray::{Segment, SegmentId, Tracer};
