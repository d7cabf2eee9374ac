//! Workspace subscriptions, as the official n8n node creates them (contract 6.7).

use serde_json::{Value, json};
use uuid::Uuid;

/// The event types that `POST /subscribe` accepts.
const EVENT_TYPES: [&str; 4] = ["template_status", "new_banner", "new_banner_batch", "new_export"];

/// A subscription to one type of event.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) id: Uuid,
    pub(super) hook_url: String,
    pub(super) kind: String,
    /// Only events of this design, if given (contract 6.7).
    pub(super) design: Option<Uuid>,
}

/// The subscriptions of the workspace, oldest first.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(Vec<Subscription>);

impl Subscriptions {
    pub(super) fn is_known_type(kind: &str) -> bool {
        EVENT_TYPES.contains(&kind)
    }

    pub(super) fn add(&mut self, subscription: Subscription) {
        self.0.push(subscription);
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Subscription> {
        self.0.iter().find(|subscription| subscription.id == id)
    }

    /// Removes a subscription. Returns whether it existed.
    pub(super) fn remove(&mut self, id: Uuid) -> bool {
        let before = self.0.len();
        self.0.retain(|subscription| subscription.id != id);
        self.0.len() < before
    }

    /// Returns the subscriptions to this type of event of this design.
    pub(super) fn matching(&self, kind: &str, design: Option<Uuid>) -> Vec<Subscription> {
        let wants = |subscription: &&Subscription| {
            subscription.kind == kind && (subscription.design.is_none() || subscription.design == design)
        };
        self.0.iter().filter(wants).cloned().collect()
    }

    pub(super) fn list(&self) -> Value {
        let view = |subscription: &Subscription| {
            json!({
                "id": subscription.id,
                "hook_url": subscription.hook_url,
                "type": subscription.kind,
                "design_id": subscription.design,
            })
        };
        self.0.iter().map(view).collect()
    }
}
