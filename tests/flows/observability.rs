//! What an operator sees of Landfall from outside: its log, its metrics, its traces.

mod default_subscriber;
mod echoed_secrets;
mod metrics;
mod secret_leaks;
mod traces;

pub(crate) use default_subscriber::listen;
use runtime::{Environment, log_into};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;

use crate::signing_secret::log::Page;

/// The log of every function that runs in this thread, from its start to its end.
pub(crate) struct Log {
    page: Page,
    _ends: DefaultGuard,
}

impl Log {
    /// Begins a log that tells everything.
    pub(crate) fn start() -> Self {
        listen();
        let page = Page::default();
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

    /// What was counted under a name, one figure for each line.
    pub(crate) fn counted(&self, metric: &str) -> Vec<f64> {
        counted(&self.lines(), metric)
    }
}

fn counted(lines: &[Value], metric: &str) -> Vec<f64> {
    let named = |line: &&Value| line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] == metric;
    lines.iter().filter(named).map(|line| line[metric].as_f64().expect("a figure")).collect()
}
