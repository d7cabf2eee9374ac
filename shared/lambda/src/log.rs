//! The log: one JSON object a line, as CloudWatch Logs reads it.

use tracing::Level;

use crate::Environment;

/// Starts the log of this process, at the level of `LOG_LEVEL` (`error`, `warn`, `info`, `debug`, `trace`;
/// default `info`). CloudWatch adds the time.
pub fn start_log(environment: &Environment) {
    let level = environment.maybe("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    tracing_subscriber::fmt().json().flatten_event(true).without_time().with_target(false).with_max_level(level).init();
}
