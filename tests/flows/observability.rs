//! Observability: log, metrics and traces.

mod default_subscriber;
mod echoed_secrets;
mod metrics;
mod secret_leaks;
mod traces;

pub(crate) use default_subscriber::install_default_subscriber;
use runtime::{Environment, log_into};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;

use crate::signing_secret::log::LogBuffer;

/// The captured log of every function in this thread, from its start until it is dropped.
pub(crate) struct CapturedLog {
    page: LogBuffer,
    _ends: DefaultGuard,
}

impl CapturedLog {
    /// Starts to capture the log at the level `trace`.
    pub(crate) fn start() -> Self {
        install_default_subscriber();
        let page = LogBuffer::default();
        let written = page.clone();
        let environment = Environment::new([("LOG_LEVEL", "trace")]);
        let log = log_into(&environment, move || written.clone());
        Self { page, _ends: tracing::subscriber::set_default(log) }
    }

    fn text(&self) -> String {
        self.page.text()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The values of a metric, one for each log line.
    pub(crate) fn metric_values(&self, metric: &str) -> Vec<f64> {
        metric_values(&self.lines(), metric)
    }
}

fn metric_values(lines: &[Value], metric: &str) -> Vec<f64> {
    let named = |line: &&Value| line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] == metric;
    lines.iter().filter(named).map(|line| line[metric].as_f64().expect("a value")).collect()
}
