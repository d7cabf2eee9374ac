//! What it means to run on AWS Lambda: what invoked us, how to answer, what the environment says.
//!
//! Left of a function's `Command` nothing knows the business; right of it nothing knows AWS events. This
//! crate is all that stands on the left.

mod aws;
mod env;
mod fields;
mod http_event;
mod invocation;
mod log;
mod metrics;
mod problem;
mod provider_settings;
mod reply;
mod serve;
mod trigger;
mod trust;
mod xray;

pub use aws::Aws;
pub use env::Environment;
pub use http_event::is_plain_path;
pub use invocation::{Invocation, about, of_provider, piece_of_work, trace};
pub use log::{log_into, start_log};
pub use metrics::{METRICS, Metric, NAMESPACE, Unit};
pub use problem::Problem;
pub use provider_settings::{ProviderSettings, Usual};
pub use reply::{HttpReply, QueueReply};
pub use serve::{Error, Failure, serve};
pub use trigger::{QueueMessage, Trigger};
pub use trust::trusted_ca;
pub use xray::{Segment, SegmentId, Tracer};
