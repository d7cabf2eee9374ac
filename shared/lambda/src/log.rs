//! The log: one JSON object a line, as CloudWatch Logs reads it.

use tracing::Level;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::Environment;

/// Whose lines follow `LOG_LEVEL`. The libraries below tell whole requests at their lower levels, keys and
/// pre-signed URLs among it, so nothing of theirs below a warning is ever written. Targets match by their
/// beginning, and `lambda_runtime` begins with `lambda`.
const OURS: [&str; 9] = [
    "model::",
    "providers::",
    "transport::",
    "records::",
    "objects::",
    "inbox::",
    "lambda::",
    "submit::",
    "webhook::",
];

/// Starts the log of this process, at the level of `LOG_LEVEL` (`error`, `warn`, `info`, `debug`, `trace`;
/// default `info`). CloudWatch adds the time.
pub fn start_log(environment: &Environment) {
    let level = environment.maybe("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    let lines = fmt::layer().json().flatten_event(true).without_time().with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(targets(level))).init();
}

fn targets(level: Level) -> Targets {
    Targets::new().with_default(level.min(Level::WARN)).with_targets(OURS.map(|name| (name, level)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_level_is_for_our_own_lines_only() {
        let targets = targets(Level::TRACE);
        assert!(targets.would_enable("webhook::land", &Level::TRACE));
        for library in ["lambda_runtime", "aws_smithy_runtime::client", "hyper_util"] {
            assert!(
                !targets.would_enable(library, &Level::INFO) && targets.would_enable(library, &Level::WARN)
            );
        }
    }

    #[test]
    fn a_higher_level_is_for_everybody() {
        assert!(!targets(Level::ERROR).would_enable("hyper_util", &Level::WARN));
    }
}
