//! A failure as problem JSON (RFC 9457).

use model::Fault;
use serde_json::{Map, Value, json};

/// The problem's members. `type` is a URN with the class in kebab case; it does not change.
pub(crate) fn problem(fault: &Fault) -> Value {
    let class = fault.class;
    let mut members = Map::new();
    members.insert("type".into(), json!(format!("urn:landfall:problem:{}", kebab(class.name()))));
    members.insert("title".into(), json!(title(class.name())));
    members.insert("status".into(), json!(class.http_status()));
    members.insert("detail".into(), json!(fault.message));
    if !fault.violations.is_empty() {
        members.insert("errors".into(), json!(fault.violations));
    }
    if let Some(provider) = &fault.provider {
        members.insert("provider".into(), json!(provider));
    }
    if let Some(seconds) = fault.retry_after {
        members.insert("retry_after".into(), json!(seconds));
    }
    if let Some(job) = fault.job {
        members.insert("job_id".into(), json!(job));
        members.insert("instance".into(), json!(format!("/jobs/{job}")));
    }
    Value::Object(members)
}

/// `ProviderThrottled` as `provider-throttled`.
fn kebab(name: &str) -> String {
    model::class_words(name, '-')
}

/// `ProviderThrottled` as `Provider throttled`.
fn title(name: &str) -> String {
    let text = model::class_words(name, ' ');
    let (first, rest) = text.split_at(text.len().min(1));
    first.to_uppercase() + rest
}
