//! Metrics: log lines in CloudWatch's Embedded Metric Format.
//!
//! Code that counts something writes one event with the fields `metric` and `count` (or `value` for a measurement), once
//! for each fact, where it happens:
//!
//! ```ignore
//! tracing::info!(metric = "JobsStored", count = 1, provider = %job.provider, "job stored");
//! ```
//!
//! The log adds the metric: its name, its unit from [`METRICS`], and as dimensions `Stack` alone, and `Stack` with
//! `Provider` when the line or a span around it has a `provider`. Nothing else is a dimension, because CloudWatch bills
//! each value of a dimension as a metric; ids are fields of the line and can be searched.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

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
}

const fn metric(name: &'static str, unit: Unit) -> Metric {
    Metric { name, unit }
}

/// Every metric. `docs/operate.md` explains each; a test compares the code, the document and `template.yaml` with this list.
pub const METRICS: &[Metric] = &[
    metric("JobsSubmitted", Unit::Count),
    metric("JobsUnknown", Unit::Count),
    metric("JobsImported", Unit::Count),
    metric("JobsStored", Unit::Count),
    metric("JobsPartial", Unit::Count),
    metric("JobsFailed", Unit::Count),
    metric("JobsExpired", Unit::Count),
    metric("JobsCancelled", Unit::Count),
    metric("JobSeconds", Unit::Seconds),
    metric("BytesLanded", Unit::Bytes),
    metric("LandingSeconds", Unit::Seconds),
    metric("LandingsContinued", Unit::Count),
    metric("AcknowledgementMilliseconds", Unit::Milliseconds),
    metric("InvalidCallbackTokens", Unit::Count),
    metric("InvalidSignatures", Unit::Count),
    metric("BlockedDownloads", Unit::Count),
    metric("StaleSecrets", Unit::Count),
    metric("MalformedDeliveries", Unit::Count),
    metric("UnmatchedDeliveries", Unit::Count),
    metric("ProviderThrottles", Unit::Count),
    metric("ProviderPauses", Unit::Count),
    metric("TokenExchanges", Unit::Count),
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
    metric("OldestActiveJobSeconds", Unit::Seconds),
];

/// Adds the metadata of the Embedded Metric Format to a line with a metric. The unit of an unlisted metric is `Count`.
pub(crate) fn embed_metric(line: &mut Map<String, Value>, stack: &str, now: OffsetDateTime) {
    let Some(name) = line.get(METRIC).and_then(Value::as_str).map(str::to_owned) else { return };
    let number = line.get("count").or_else(|| line.get("value")).filter(|number| number.is_number());
    let Some(number) = number.cloned() else { return };
    let unit = METRICS.iter().find(|metric| metric.name == name).map_or(Unit::Count, |metric| metric.unit);
    let mut dimensions = vec![json!(["Stack"])];
    if let Some(provider) = line.get("provider").filter(|provider| provider.is_string()).cloned() {
        line.insert("Provider".into(), provider);
        dimensions.push(json!(["Stack", "Provider"]));
    }
    line.insert("Stack".into(), json!(stack));
    let metadata = json!({
        "Timestamp": i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX),
        "CloudWatchMetrics": [{
            "Namespace": NAMESPACE,
            "Dimensions": dimensions,
            "Metrics": [{ "Name": name, "Unit": unit.as_str() }],
        }],
    });
    line.insert("_aws".into(), metadata);
    line.insert(name, number);
}

#[cfg(test)]
mod tests;
