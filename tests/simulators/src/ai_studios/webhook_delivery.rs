//! A webhook and its attempts (contract 9.5).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use crate::ai_studios::settings::webhook::Forgery;
use crate::delivery_attempt::DeliveryAttempt;

/// The content of a webhook.
#[derive(Debug, Clone)]
pub(super) enum WebhookContent {
    /// The progress of an export, by its `backendTaskId`.
    Progress { task: String, percent: u8 },
    /// The failure of an export.
    Failure { task: String },
    /// False data about an export.
    Forged { task: String, forgery: Forgery },
    /// A request that a test chose.
    Custom { method: Method, body: Bytes, headers: Vec<(HeaderName, HeaderValue)> },
}

/// The state of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    /// Scheduled or in flight.
    Pending,
    Acknowledged,
    /// Every attempt failed.
    Exhausted,
    /// Dropped by a fault, or because its export was replaced.
    Dropped,
}

/// One webhook.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) number: u64,
    pub(super) url: String,
    pub(super) content: WebhookContent,
    pub(super) state: DeliveryState,
    /// Scheduled attempts so far; redeliveries do not count.
    pub(super) scheduled_attempts: u32,
    pub(super) attempts: Vec<DeliveryAttempt>,
}

impl WebhookContent {
    pub(super) fn task(&self) -> Option<&str> {
        match self {
            Self::Progress { task, .. } | Self::Failure { task } | Self::Forged { task, .. } => Some(task),
            Self::Custom { .. } => None,
        }
    }
}

impl DeliveryState {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::Exhausted => "exhausted",
            Self::Dropped => "dropped",
        }
    }
}

impl Delivery {
    /// Returns the webhook as the log shows it.
    pub(super) fn view(&self) -> Value {
        let (event, percent) = match &self.content {
            WebhookContent::Progress { percent, .. } => ("progress", Some(*percent)),
            WebhookContent::Failure { .. } => ("failure", None),
            WebhookContent::Forged { .. } => ("forged", None),
            WebhookContent::Custom { .. } => ("chosen", None),
        };
        json!({
            "number": self.number,
            "event": event,
            "progress": percent,
            "backend_task_id": self.content.task(),
            "url": self.url,
            "state": self.state.name(),
            "attempts": self.attempts.iter().map(DeliveryAttempt::view).collect::<Vec<_>>(),
        })
    }
}
