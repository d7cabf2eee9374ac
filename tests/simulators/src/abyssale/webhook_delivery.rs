//! A webhook delivery and its attempts (contract 6.1).

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::delivery_attempt::DeliveryAttempt;

/// The target of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryTarget {
    /// The `callback_url` of one request.
    Callback,
    /// A subscription of the workspace.
    Subscription(Uuid),
    /// A URL that a test chose; faults do not apply.
    Direct,
}

/// The content of a delivery.
#[derive(Debug, Clone)]
pub(super) enum WebhookContent {
    /// The export's event, built at each attempt.
    NewExport(Uuid),
    /// The event of this version of a banner.
    NewBanner(Uuid, u32),
    /// The event of a generation.
    NewBannerBatch(Uuid),
    /// The event of a design's new status, and the time of the change.
    TemplateStatus { design: Uuid, status: String, since: OffsetDateTime },
    /// Bytes and headers that a test chose.
    Custom { body: Bytes, headers: Vec<(HeaderName, HeaderValue)>, signing: SigningMode },
}

/// How custom content is signed.
#[derive(Debug, Clone)]
pub(super) enum SigningMode {
    /// Like any delivery of the workspace.
    Workspace,
    /// Not signed.
    None,
    /// With these secrets, at this time if given.
    With { secrets: Vec<String>, t: Option<i64> },
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    /// Held until a later delivery overtakes it.
    Held,
    /// Scheduled or in flight.
    Pending,
    Acknowledged,
    /// Every attempt failed.
    Exhausted,
    /// Dropped by a fault.
    Dropped,
}

/// One delivery.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) number: u64,
    /// 64 hex digits, the same on every attempt.
    pub(super) delivery_id: String,
    pub(super) target: DeliveryTarget,
    pub(super) url: String,
    pub(super) content: WebhookContent,
    pub(super) state: DeliveryState,
    /// Scheduled attempts so far; redeliveries do not count.
    pub(super) scheduled_attempts: u32,
    pub(super) attempts: Vec<DeliveryAttempt>,
}

impl WebhookContent {
    /// Returns the event's name and the id of its subject; none for custom content.
    pub(super) fn event(&self) -> Option<(&'static str, Uuid)> {
        match self {
            Self::NewExport(id) => Some(("NEW_EXPORT", *id)),
            Self::NewBanner(id, _) => Some(("NEW_BANNER", *id)),
            Self::NewBannerBatch(id) => Some(("NEW_BANNER_BATCH", *id)),
            Self::TemplateStatus { design, .. } => Some(("TEMPLATE_STATUS", *design)),
            Self::Custom { .. } => None,
        }
    }
}

impl DeliveryTarget {
    /// Returns the name in the `route` of a fault.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Subscription(_) => "subscription",
            Self::Direct => "direct",
        }
    }
}

impl DeliveryState {
    fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Pending => "pending",
            Self::Acknowledged => "acknowledged",
            Self::Exhausted => "exhausted",
            Self::Dropped => "dropped",
        }
    }
}

impl Delivery {
    /// Returns the delivery as the log shows it.
    pub(super) fn view(&self) -> Value {
        let event = self.content.event();
        let about = |name: &str| event.filter(|(event, _)| *event == name).map(|(_, id)| id);
        json!({
            "number": self.number,
            "delivery_id": self.delivery_id,
            "event": event.map(|(name, _)| name),
            "export_id": about("NEW_EXPORT"),
            "generation_request_id": about("NEW_BANNER_BATCH"),
            "banner_id": about("NEW_BANNER"),
            "design_id": about("TEMPLATE_STATUS"),
            "target": self.target.name(),
            "url": self.url,
            "state": self.state.name(),
            "attempts": self.attempts.iter().map(DeliveryAttempt::view).collect::<Vec<_>>(),
        })
    }
}
