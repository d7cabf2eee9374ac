//! Metrics: log lines that count or measure something. CloudWatch makes metrics of those in its Embedded Metric Format.
//!
//! Code that counts something writes one event with the fields `metric` and `count` (or `value` for a measurement), once
//! for each fact, where it happens:
//!
//! ```ignore
//! tracing::info!(metric = "JobsStored", count = 1, provider = %job.provider, "job stored");
//! ```
//!
//! `METRICS` selects the lines to which the log adds the format: none, those of metrics that have an alarm, or all. The
//! only dimension is `Stack`, because CloudWatch bills each combination of dimensions as a metric. Provider and ids are
//! fields of the line and can be searched.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::Environment;

/// The field that makes an event a metric.
pub(crate) const METRIC: &str = "metric";

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Landfall";

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of events.
    Count,
    /// A number of bytes.
    Bytes,
    /// A duration in seconds.
    Seconds,
    /// A duration in milliseconds.
    Milliseconds,
}

impl Unit {
    /// CloudWatch's name of the unit.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Bytes => "Bytes",
            Unit::Seconds => "Seconds",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// A metric that Landfall writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// The unit.
    pub unit: Unit,
    /// Whether an alarm of `template.yaml` uses it.
    pub has_alarm: bool,
}

const fn metric(name: &'static str, unit: Unit) -> Metric {
    Metric { name, unit, has_alarm: false }
}

const fn with_alarm(name: &'static str, unit: Unit) -> Metric {
    Metric { name, unit, has_alarm: true }
}

/// The metrics that CloudWatch extracts from the log: the setting `METRICS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublishedMetrics {
    /// None.
    None,
    /// Those that have an alarm.
    Alarms,
    /// All.
    All,
}

impl PublishedMetrics {
    /// Reads the setting. As with `LOG_LEVEL`, an unknown value is the default.
    pub(crate) fn from_environment(environment: &Environment) -> Self {
        match environment.optional("METRICS") {
            Some("none") => Self::None,
            Some("all") => Self::All,
            _ => Self::Alarms,
        }
    }

    fn includes(self, metric: Option<&Metric>) -> bool {
        match self {
            Self::None => false,
            Self::Alarms => metric.is_some_and(|metric| metric.has_alarm),
            Self::All => true,
        }
    }
}

/// Every metric. `docs/operate.md` explains each; a test compares the code, the document and `template.yaml` with this list.
pub const METRICS: &[Metric] = &[
    metric("JobsSubmitted", Unit::Count),
    metric("JobsUnknown", Unit::Count),
    metric("JobsImported", Unit::Count),
    metric("JobsStored", Unit::Count),
    metric("JobsPartial", Unit::Count),
    with_alarm("JobsFailed", Unit::Count),
    with_alarm("JobsExpired", Unit::Count),
    metric("JobsCancelled", Unit::Count),
    metric("JobSeconds", Unit::Seconds),
    metric("BytesLanded", Unit::Bytes),
    metric("LandingSeconds", Unit::Seconds),
    metric("LandingsContinued", Unit::Count),
    metric("AcknowledgementMilliseconds", Unit::Milliseconds),
    with_alarm("InvalidCallbackTokens", Unit::Count),
    with_alarm("InvalidSignatures", Unit::Count),
    with_alarm("BlockedDownloads", Unit::Count),
    with_alarm("StaleSecrets", Unit::Count),
    metric("MalformedDeliveries", Unit::Count),
    metric("UnmatchedDeliveries", Unit::Count),
    with_alarm("ProviderThrottles", Unit::Count),
    metric("ProviderPauses", Unit::Count),
    with_alarm("ProviderCreditsLeft", Unit::Count),
    metric("ProviderDrift", Unit::Count),
    metric("TokenExchanges", Unit::Count),
    metric("JobsRescued", Unit::Count),
    metric("JobsRetried", Unit::Count),
    metric("JobsResubmitted", Unit::Count),
    metric("DeliveriesReplayed", Unit::Count),
    metric("LandingsCancelled", Unit::Count),
    metric("StalledLandings", Unit::Count),
    metric("WorkflowsCompleted", Unit::Count),
    metric("WorkflowTokensExpired", Unit::Count),
    metric("WorkflowNotificationsRejected", Unit::Count),
    metric("CallerWebhooksDelivered", Unit::Count),
    metric("CallerWebhookAttemptsFailed", Unit::Count),
    metric("CallerWebhooksUnsubscribed", Unit::Count),
    metric("CallerWebhooksDeadLettered", Unit::Count),
    metric("JobsSwept", Unit::Count),
    with_alarm("OldestActiveJobSeconds", Unit::Seconds),
];

/// Adds the metadata of the Embedded Metric Format to a line with a published metric. The unit of an unlisted metric is
/// `Count`.
pub(crate) fn embed_metric(
    line: &mut Map<String, Value>,
    published: PublishedMetrics,
    stack: &str,
    now: OffsetDateTime,
) {
    let Some(name) = line.get(METRIC).and_then(Value::as_str).map(str::to_owned) else { return };
    let number = line.get("count").or_else(|| line.get("value")).filter(|number| number.is_number());
    let Some(number) = number.cloned() else { return };
    let listed = METRICS.iter().find(|metric| metric.name == name);
    if !published.includes(listed) {
        return;
    }
    let unit = listed.map_or(Unit::Count, |metric| metric.unit);
    line.insert("Stack".into(), json!(stack));
    let metadata = json!({
        "Timestamp": i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX),
        "CloudWatchMetrics": [{
            "Namespace": NAMESPACE,
            "Dimensions": [["Stack"]],
            "Metrics": [{ "Name": name, "Unit": unit.as_str() }],
        }],
    });
    line.insert("_aws".into(), metadata);
    line.insert(name, number);
}

#[cfg(test)]
mod tests;
