//! The log: one JSON object a line on standard output, as CloudWatch Logs reads it.
//!
//! A line contains `timestamp`, `level`, `message`, the fields of its event, and those of the spans around it, all at the
//! top level: each line of an invocation has its `request_id`, and each line about a job its `job_id`. Lines with a
//! metric can be CloudWatch metrics, too; see [`crate::METRICS`].

use std::io::Write;

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tracing::{Event, Level, Metadata, Subscriber, span};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    fmt::MakeWriter,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    Environment,
    log_fields::LogFields,
    metrics::{self, PublishedMetrics},
};

/// The crates whose events follow `LOG_LEVEL`: all of ours. Libraries log whole requests at their lower levels, with keys
/// and presigned URLs, so of their events only warnings and errors are written.
pub const LOGGED_CRATES: &[&str] = &[
    "archive",
    "bucket",
    "http_client",
    "job_store",
    "model",
    "notifications",
    "outbox",
    "provider_client",
    "providers",
    "queues",
    "runtime",
    "secrets",
    "submit",
    "webhook",
];

/// Installs the log of this process, at the level of `LOG_LEVEL` (`error`, `warn`, `info`, `debug`, `trace`;
/// default `info`).
pub fn init_logging(environment: &Environment) {
    log_subscriber(environment, std::io::stdout).init();
}

/// A subscriber that writes the log to `writer`.
pub fn log_subscriber<W>(environment: &Environment, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let level = environment.optional("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    let stack = environment.optional("STACK_NAME").unwrap_or("landfall").to_owned();
    let published = PublishedMetrics::from_environment(environment);
    let layer = JsonLines { writer, stack, published }
        .with_filter(filter_fn(move |metadata| is_written(level, metadata)));
    tracing_subscriber::registry().with(layer)
}

/// Whether a line is written at this level. Spans always are, because their fields belong to the lines within them.
/// Metrics always are, because `LOG_LEVEL` must not disable them.
fn is_written(level: Level, metadata: &Metadata<'_>) -> bool {
    let is_own = is_own_crate(metadata.target());
    let is_metric = metadata.fields().field(metrics::METRIC).is_some();
    let max_level = if is_own { level } else { level.min(Level::WARN) };
    is_own && (metadata.is_span() || is_metric) || metadata.is_event() && *metadata.level() <= max_level
}

/// Whether a target belongs to one of our crates. `lambda_runtime` does not: the first path segment is compared.
fn is_own_crate(target: &str) -> bool {
    LOGGED_CRATES.contains(&target.split("::").next().unwrap_or_default())
}

/// Writes each event as a line of JSON.
struct JsonLines<W> {
    writer: W,
    stack: String,
    published: PublishedMetrics,
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Map::new();
        attributes.record(&mut LogFields(&mut fields));
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Map<String, Value>>() {
            values.record(&mut LogFields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let (now, mut line) = (OffsetDateTime::now_utc(), Map::new());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            line.extend(span.extensions().get::<Map<String, Value>>().cloned().unwrap_or_default());
        }
        event.record(&mut LogFields(&mut line));
        // Lambda treats a line without both fields as INFO.
        line.insert("timestamp".into(), json!(now.format(&Rfc3339).unwrap_or_default()));
        line.insert("level".into(), json!(event.metadata().level().as_str()));
        metrics::embed_metric(&mut line, self.published, &self.stack, now);
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // One write, so that lines of two threads do not mix. A failure to write the log cannot be logged.
        let _ = self.writer.make_writer().write_all(text.as_bytes());
    }
}

#[cfg(test)]
pub(crate) mod tests;
