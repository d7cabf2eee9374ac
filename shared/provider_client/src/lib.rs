#![doc = include_str!("../README.md")]

mod access_token_source;
mod deadline;
mod provider_client;
mod rate_limiter;
mod redact_response;
mod report_observations;

pub use access_token_source::TokenSource;
pub use deadline::{latest_send_time, time_until};
pub use provider_client::{ProviderClient, QueryError, has_retry_after};
pub use rate_limiter::{
    MAX_PAUSE, PAUSE_CHECK_LOOKAHEAD, RateLimiter, Reservation, ReservedTime, sleep_until,
};
pub use report_observations::report_observations;
