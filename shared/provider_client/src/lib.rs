#![doc = include_str!("../README.md")]

mod provider_client;
mod rate_limiter;
mod token_source;

pub use provider_client::{ProviderClient, QueryError, latest_request, time_left};
pub use rate_limiter::{LOOKAHEAD, MAX_PAUSE, RateLimiter, sleep_until};
pub use token_source::TokenSource;
