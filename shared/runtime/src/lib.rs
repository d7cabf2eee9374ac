//! The AWS Lambda runtime of the functions: event sources, responses, environment, logs, metrics and traces.
//!
//! A function maps each event to a `Command`. The code before the command, which is this crate, knows AWS events and
//! nothing of jobs; the code after it knows jobs and no AWS events.

mod aws_config;
mod ca_bundle;
mod environment;
mod event_source;
mod http_event;
mod invocation_context;
mod invocation_loop;
mod log;
mod log_fields;
mod metrics;
mod problem;
mod provider_settings;
mod response;
mod xray;

pub use aws_config::Aws;
pub use ca_bundle::ca_bundle;
pub use environment::Environment;
pub use event_source::{EventSource, QueueMessage};
pub use http_event::is_plain_path;
pub use invocation_context::{InvocationContext, set_job, set_provider, trace, work_item_span};
pub use invocation_loop::{Failure, RuntimeError, serve};
pub use log::{LOGGED_CRATES, log_into, start_log};
pub use metrics::{METRICS, Metric, NAMESPACE, Unit};
pub use problem::Problem;
pub use provider_settings::{DefaultLimits, ProviderSettings};
pub use response::{HttpReply, QueueReply};
pub use xray::{Segment, SegmentId, Tracer};
