//! Captures what the functions log, for assertions.

mod default_subscriber;

use std::{
    io,
    sync::{Arc, Mutex},
};

pub(crate) use default_subscriber::install_default_subscriber;
use runtime::{Environment, log_subscriber};
use serde_json::Value;
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

/// A log in memory.
#[derive(Clone, Default)]
pub(crate) struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LogBuffer {
    /// Captures what Landfall's crates log on this thread while the guard is held.
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        let log_buffer = Self::default();
        let written = log_buffer.clone();
        let ours = runtime::LOGGED_CRATES;
        let filter = Targets::new().with_targets(ours.iter().map(|name| (*name, Level::TRACE)));
        let lines = fmt::layer().with_writer(move || written.clone()).with_filter(filter);
        (log_buffer, tracing::subscriber::set_default(tracing_subscriber::registry().with(lines)))
    }

    /// The text of the log so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }
}

/// The captured log of every function in this thread, from its start until it is dropped.
pub(crate) struct CapturedLog {
    log_buffer: LogBuffer,
    _guard: DefaultGuard,
}

impl CapturedLog {
    /// Starts to capture the log at the level `trace`.
    pub(crate) fn start() -> Self {
        install_default_subscriber();
        let log_buffer = LogBuffer::default();
        let written = log_buffer.clone();
        let environment = Environment::new([("LOG_LEVEL", "trace")]);
        let log = log_subscriber(&environment, move || written.clone());
        Self { log_buffer, _guard: tracing::subscriber::set_default(log) }
    }

    /// The text of the log so far.
    pub(crate) fn text(&self) -> String {
        self.log_buffer.text()
    }

    /// The lines of the log as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The values of a metric, one for each log line.
    pub(crate) fn metric_values(&self, metric: &str) -> Vec<f64> {
        metric_values(&self.lines(), metric)
    }
}

/// The values of a metric in these log lines.
pub(crate) fn metric_values(lines: &[Value], metric: &str) -> Vec<f64> {
    let number = |line: &Value| line["count"].as_f64().or(line["value"].as_f64()).expect("a number");
    lines.iter().filter(|line| line["metric"] == metric).map(number).collect()
}
