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
mod rate_limit_setting;
mod response;
mod xray;

pub use aws_config::AwsConfig;
pub use ca_bundle::read_ca_bundle;
pub use environment::Environment;
pub use event_source::{EventSource, SqsMessage};
pub use http_event::is_plain_path;
pub use invocation_context::{
    InvocationContext, current_request_id, current_trace, record_job_id, record_provider, work_item_span,
};
pub use invocation_loop::{InvocationError, RuntimeError, serve};
pub use log::{LOGGED_CRATES, init_logging, log_subscriber};
pub use metrics::{METRICS, Metric, NAMESPACE, Unit};
pub use problem::Problem;
pub use provider_settings::{ProviderDefaults, ProviderSettings, variable as provider_variable};
pub use response::{ApiGatewayResponse, SqsBatchResponse};
pub use xray::{Segment, SegmentId, XrayDaemon};
