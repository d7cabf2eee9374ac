//! SCHED

use time::OffsetDateTime;
use uuid::Uuid;

use crate::abyssale::fault_types::DeliveryFault;
use crate::abyssale::settings::seconds;
use crate::abyssale::state::AbyssaleSimulator;
use crate::abyssale::webhook_delivery::{Content, Delivery, State, Target};

/// Schedules a delivery with an id of its own and gives its number.
pub(super) fn schedule(
    simulator: &mut AbyssaleSimulator,
    target: Target,
    url: String,
    content: Content,
    due: OffsetDateTime,
) -> u64 {
    let number = simulator.state.outbox.next_number();
    let fault = match target {
        Target::Direct => None,
        Target::Callback | Target::Subscription(_) => simulator.state.faults.for_schedule(target.name()),
    };
    let (state, due) = match &fault {
        Some(DeliveryFault::Drop) => (State::Dropped, due),
        Some(DeliveryFault::Reorder) => (State::Held, due),
        Some(DeliveryFault::Delay { seconds: wait }) => (State::Pending, due + seconds(*wait)),
        Some(_) | None => (State::Pending, due),
    };
    let delivery_id = simulator.draw.next_hex("delivery");
    let attempts = Vec::new();
    let delivery = Delivery { number, delivery_id, target, url, content, state, tries: 0, attempts };
    let outbox = &mut simulator.state.outbox;
    if state == State::Pending {
        outbox.release_held(due);
        outbox.send_at(number, target != Target::Direct, due);
    }
    outbox.add(delivery);
    if let Some(DeliveryFault::Duplicate { times }) = fault {
        (0..times).for_each(|_| outbox.send_at(number, false, due));
    }
    number
}

/// Schedules an event for each subscription that wants it.
pub(super) fn publish(
    simulator: &mut AbyssaleSimulator,
    kind: &str,
    design: Option<Uuid>,
    content: &Content,
    due: OffsetDateTime,
) {
    for subscription in simulator.state.subscriptions.to(kind, design) {
        let target = Target::Subscription(subscription.id);
        schedule(simulator, target, subscription.hook_url, content.clone(), due);
    }
}
