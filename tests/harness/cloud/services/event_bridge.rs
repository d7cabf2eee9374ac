//! EventBridge: records published events in order, for tests to read. Events are not routed.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ServiceError;

/// An accepted event.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedEvent {
    /// The id that PutEvents returned.
    pub id: String,
    /// `Source`.
    pub source: String,
    /// `DetailType`.
    pub detail_type: String,
    /// `Detail`, parsed.
    pub detail: Value,
    /// `EventBusName`, or `default`.
    pub event_bus_name: String,
    /// `Resources`.
    pub resources: Vec<String>,
}

/// The published events.
#[derive(Debug, Default)]
pub(super) struct EventBridge {
    published: Mutex<Vec<PublishedEvent>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEventsEntry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
}

impl EventBridge {
    pub(super) fn all(&self) -> Vec<PublishedEvent> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        if operation != "PutEvents" {
            return Err(ServiceError::unknown_operation(operation));
        }
        let entries: Vec<PutEventsEntry> = serde_json::from_value(input["Entries"].clone())?;
        if !(1..=10).contains(&entries.len()) {
            let message = "Entries must have length between 1 and 10";
            return Err(ServiceError::new("ValidationException", message));
        }
        let results: Vec<_> = entries.into_iter().map(|entry| self.put(entry)).collect();
        let failed = results.iter().filter(|result| result["ErrorCode"].is_string()).count();
        Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
    }

    /// Publishes one entry. An invalid entry does not affect the others.
    fn put(&self, entry: PutEventsEntry) -> Value {
        let entry_error = |code: &str, message: &str| json!({ "ErrorCode": code, "ErrorMessage": message });
        let (Some(source), Some(detail_type), Some(detail)) = (entry.source, entry.detail_type, entry.detail)
        else {
            return entry_error("InvalidArgument", "Source, DetailType and Detail are required.");
        };
        let Ok(detail @ Value::Object(_)) = serde_json::from_str(&detail) else {
            return entry_error("MalformedDetail", "Detail is malformed.");
        };
        let event = PublishedEvent {
            id: uuid::Uuid::new_v4().to_string(),
            source,
            detail_type,
            detail,
            event_bus_name: entry.event_bus_name.unwrap_or_else(|| "default".into()),
            resources: entry.resources,
        };
        let result = json!({ "EventId": event.id });
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        result
    }
}
