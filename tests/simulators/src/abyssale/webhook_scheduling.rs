//! Schedules deliveries (contract 6.1).

use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::fault_types::DeliveryFault;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{Delivery, DeliveryState, DeliveryTarget, WebhookContent};
use crate::delivery_attempt::AttemptKind;

/// Schedules a delivery under a new id and returns its number.
pub(super) fn schedule_delivery(
    simulator: &mut AbyssaleSimulator,
    target: DeliveryTarget,
    url: String,
    content: WebhookContent,
    due: OffsetDateTime,
) -> u64 {
    let number = simulator.state.outbox.next_number();
    let fault = match target {
        DeliveryTarget::Direct => None,
        DeliveryTarget::Callback | DeliveryTarget::Subscription(_) => {
            simulator.state.faults.take_for_schedule(target.name())
        }
    };
    let (state, due) = match &fault {
        Some(DeliveryFault::Drop) => (DeliveryState::Dropped, due),
        Some(DeliveryFault::Reorder) => (DeliveryState::Held, due),
        Some(DeliveryFault::Delay { seconds: wait }) => (DeliveryState::Pending, due + seconds(*wait)),
        Some(_) | None => (DeliveryState::Pending, due),
    };
    let delivery_id = simulator.ids.next_hex("delivery");
    let attempts = Vec::new();
    let delivery =
        Delivery { number, delivery_id, target, url, content, state, scheduled_attempts: 0, attempts };
    let outbox = &mut simulator.state.outbox;
    if state == DeliveryState::Pending {
        outbox.release_held(due);
        let attempt_kind = match target {
            DeliveryTarget::Direct => AttemptKind::Redelivery,
            DeliveryTarget::Callback | DeliveryTarget::Subscription(_) => AttemptKind::Scheduled,
        };
        outbox.send_at(number, attempt_kind, due);
    }
    outbox.add(delivery);
    if let Some(DeliveryFault::Duplicate { times }) = fault {
        (0..times).for_each(|_| outbox.send_at(number, AttemptKind::Redelivery, due));
    }
    number
}

/// Schedules an event for each subscription to it.
pub(super) fn schedule_for_subscriptions(
    simulator: &mut AbyssaleSimulator,
    kind: &str,
    design: Option<Uuid>,
    content: &WebhookContent,
    due: OffsetDateTime,
) {
    for subscription in simulator.state.subscriptions.matching(kind, design) {
        let target = DeliveryTarget::Subscription(subscription.id);
        schedule_delivery(simulator, target, subscription.hook_url, content.clone(), due);
    }
}
