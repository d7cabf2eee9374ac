//! One attempt of a webhook delivery, as the delivery log shows it.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::simulator::DeliveryOutcome;

/// Why an attempt is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptKind {
    /// An attempt of the retry schedule: its outcome decides whether another one follows.
    Scheduled,
    /// An extra attempt that a test or a fault requested. It is never retried.
    Redelivery,
}

/// One attempt that was sent.
#[derive(Debug)]
pub(crate) struct DeliveryAttempt {
    /// Decides whether a failure is retried.
    pub(crate) attempt_kind: AttemptKind,
    pub(crate) sent_at: OffsetDateTime,
    pub(crate) wall: OffsetDateTime,
    pub(crate) fault: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) ended: Option<(DeliveryOutcome, OffsetDateTime)>,
}

impl DeliveryAttempt {
    pub(crate) fn view(&self) -> Value {
        let headers: serde_json::Map<_, _> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        json!({
            "redelivery": self.attempt_kind == AttemptKind::Redelivery,
            "sent_at": self.sent_at.unix_timestamp(),
            "sent_at_wall": self.wall.unix_timestamp(),
            "fault": self.fault,
            "headers": headers,
            "body": String::from_utf8_lossy(&self.body),
            "bytes": self.body.len(),
            "outcome": self.ended.map(|(outcome, _)| match outcome {
                DeliveryOutcome::Status(_) => "status",
                DeliveryOutcome::Timeout => "timeout",
                DeliveryOutcome::ConnectionFailed => "connection_failed",
            }),
            "status": self.ended.and_then(|(outcome, _)| match outcome {
                DeliveryOutcome::Status(status) => Some(status),
                DeliveryOutcome::Timeout | DeliveryOutcome::ConnectionFailed => None,
            }),
            "ended_at": self.ended.map(|(_, at)| at.unix_timestamp()),
        })
    }
}
