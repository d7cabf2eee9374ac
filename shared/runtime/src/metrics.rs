//! Metrics: lines of the log that CloudWatch counts, in its Embedded Metric Format.
//!
//! Whoever has something to count says so where it happens, once for each fact, in an event with the fields `metric` and
//! `count` (or `value`, for what is measured and not counted):
//!
//! ```ignore
//! tracing::info!(metric = "JobsStored", count = 1, provider = %job.provider, "job stored");
//! ```
//!
//! The log makes a metric of it: the name, its unit from [`METRICS`], and as dimensions `Stack` alone, and `Stack` with
//! `Provider` when the line, or a span around it, names a `provider`. Nothing else becomes a dimension, since each value
//! of one is a metric of its own that is paid for; ids stand beside it as fields of the line and can be searched.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

/// The field that makes an event count.
pub(crate) const METRIC: &str = "metric";

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Landfall";

/// What a metric counts or measures in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How often.
    Count,
    /// How many bytes.
    Bytes,
    /// How many seconds.
    Seconds,
    /// How many thousandths of a second.
    Milliseconds,
}

impl Unit {
    /// The name that CloudWatch has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Bytes => "Bytes",
            Unit::Seconds => "Seconds",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
}

const fn metric(name: &'static str, unit: Unit) -> Metric {
    Metric { name, unit }
}

/// Every metric. `docs/operate.md` explains each; a test holds code, document and `template.yaml` to this list.
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
    metric("CallerWebhooksDelivered", Unit::Count),
    metric("CallerWebhookAttemptsFailed", Unit::Count),
    metric("CallerWebhooksUnsubscribed", Unit::Count),
    metric("CallerWebhooksDeadLettered", Unit::Count),
    metric("JobsSwept", Unit::Count),
    metric("OldestActiveJobSeconds", Unit::Seconds),
];

/// Makes a metric of a line that counts. One whose name is not listed counts all the same, as a `Count`.
pub(crate) fn embed(line: &mut Map<String, Value>, stack: &str, now: OffsetDateTime) {
    let Some(name) = line.get(METRIC).and_then(Value::as_str).map(str::to_owned) else { return };
    let figure = line.get("count").or_else(|| line.get("value")).filter(|figure| figure.is_number());
    let Some(figure) = figure.cloned() else { return };
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
    line.insert(name, figure);
}

#[cfg(test)]
mod tests;
