//! The messages that a queue holds, found by id or in their order without looking through them.

#[cfg(test)]
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::message::{Message, Visibility};
use super::visibility_order::{HiddenReason, VisibilityOrder};

/// The messages of a queue.
#[derive(Debug, Default)]
pub(super) struct MessageStore {
    messages: BTreeMap<u64, Message>,
    numbers: HashMap<String, u64>,
    by_age: BTreeSet<(u64, u64)>,
    order: VisibilityOrder,
    next_number: u64,
    /// How many messages were looked at, for tests of what an operation costs.
    #[cfg(test)]
    checked: Cell<usize>,
}

impl MessageStore {
    /// Adds a message behind all others. `group` is its group in a FIFO queue.
    pub(super) fn add(&mut self, message: Message, group: Option<String>) {
        let number = self.next_number;
        self.next_number += 1;
        self.order.add(number, group.as_deref());
        self.hide(number, &message.visibility);
        self.numbers.insert(message.id.clone(), number);
        self.by_age.insert((message.sent_millis, number));
        self.messages.insert(number, message);
    }

    /// Removes a message, if it is still there.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(number) = self.numbers.remove(id) else { return };
        self.order.remove(number);
        if let Some(message) = self.messages.remove(&number) {
            self.by_age.remove(&(message.sent_millis, number));
        }
    }

    /// Changes when a message is visible, if it is still there.
    pub(super) fn set_visibility(&mut self, id: &str, visibility: Visibility) {
        let Some(&number) = self.numbers.get(id) else { return };
        self.hide(number, &visibility);
        if let Some(message) = self.messages.get_mut(&number) {
            message.visibility = visibility;
        }
    }

    /// Removes messages that were sent before then, and lets those be visible whose time has come.
    pub(super) fn advance(&mut self, oldest_millis: u64, now: u64) {
        while let Some(&(_, number)) = self.by_age.first().filter(|(sent, _)| *sent < oldest_millis) {
            let id = self.look_at(number).map(|message| message.id.clone());
            self.remove(&id.unwrap_or_default());
        }
        self.order.advance(now);
    }

    /// A message by its id.
    pub(super) fn get(&self, id: &str) -> Option<&Message> {
        self.look_at(*self.numbers.get(id)?)
    }

    /// Whether a message was received and is still hidden.
    pub(super) fn is_in_flight(&self, id: &str) -> bool {
        self.numbers.get(id).is_some_and(|number| self.order.is_in_flight(*number))
    }

    /// The messages that may be received, first come first.
    pub(super) fn receivable(&self) -> impl Iterator<Item = &Message> {
        self.order.receivable().filter_map(|number| self.look_at(number))
    }

    /// All messages in their order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Message> {
        self.messages.keys().filter_map(|number| self.look_at(*number))
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn order(&self) -> &VisibilityOrder {
        &self.order
    }

    /// Lets every hidden message be visible so much earlier.
    pub(super) fn shift_times(&mut self, millis: u64) {
        self.order.shift_times(millis);
    }

    #[cfg(test)]
    pub(super) fn checked(&self) -> usize {
        self.checked.get()
    }

    /// The only way to read a message, so that each look is counted.
    fn look_at(&self, number: u64) -> Option<&Message> {
        #[cfg(test)]
        self.checked.set(self.checked.get() + 1);
        self.messages.get(&number)
    }

    /// Whoever was received comes from the queue with a receipt; without one only a delay hides it.
    fn hide(&mut self, number: u64, visibility: &Visibility) {
        let why = if visibility.receipt.is_some() { HiddenReason::InFlight } else { HiddenReason::Delayed };
        self.order.hide(number, visibility.visible_millis, why);
    }
}
