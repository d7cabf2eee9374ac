//! A delivery and its attempts (contract 6.1).

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::delivery_attempt::DeliveryAttempt;

/// Who a delivery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryTarget {
    /// The `callback_url` of one request.
    Callback,
    /// A subscription of the workspace.
    Subscription(Uuid),
    /// Where a test said; faults leave it alone.
    Direct,
}

/// What a delivery says.
#[derive(Debug, Clone)]
pub(super) enum WebhookContent {
    /// The export's event, built at each attempt.
    NewExport(Uuid),
    /// The event of this version of a banner.
    NewBanner(Uuid, u32),
    /// The event of a generation.
    NewBannerBatch(Uuid),
    /// The event of a design's new status, and when it got it.
    TemplateStatus { design: Uuid, status: String, since: OffsetDateTime },
    /// Bytes and headers that a test chose.
    Chosen { body: Bytes, headers: Vec<(HeaderName, HeaderValue)>, signing: SigningMode },
}

/// How chosen content is signed.
#[derive(Debug, Clone)]
pub(super) enum SigningMode {
    /// As any delivery of the workspace.
    Workspace,
    /// Not at all.
    None,
    /// With these secrets, at this time if given.
    With { secrets: Vec<String>, t: Option<i64> },
}

/// How far a delivery got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryState {
    /// Waits for a later delivery to overtake it.
    Held,
    /// Scheduled or in flight.
    Pending,
    Acknowledged,
    /// Every attempt failed.
    Exhausted,
    /// A fault swallowed it.
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
    /// Attempts of the ladder so far; redeliveries do not count.
    pub(super) tries: u32,
    pub(super) attempts: Vec<DeliveryAttempt>,
}

impl WebhookContent {
    /// The event's name and the id of what it is about; none for chosen content.
    pub(super) fn event(&self) -> Option<(&'static str, Uuid)> {
        match self {
            Self::NewExport(id) => Some(("NEW_EXPORT", *id)),
            Self::NewBanner(id, _) => Some(("NEW_BANNER", *id)),
            Self::NewBannerBatch(id) => Some(("NEW_BANNER_BATCH", *id)),
            Self::TemplateStatus { design, .. } => Some(("TEMPLATE_STATUS", *design)),
            Self::Chosen { .. } => None,
        }
    }
}

impl DeliveryTarget {
    /// The name that routes of faults use.
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
    /// As the log shows it.
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
