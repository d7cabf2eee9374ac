//! The messages of a queue, found by id or in order without a scan.

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
    /// How many messages were read, for tests of the cost of an operation.
    #[cfg(test)]
    read_count: Cell<usize>,
}

impl MessageStore {
    /// Adds a message at the end. `group` is its message group in a FIFO queue.
    pub(super) fn add(&mut self, message: Message, group: Option<String>) {
        let number = self.next_number;
        self.next_number += 1;
        self.order.add(number, group.as_deref());
        self.hide(number, &message.visibility);
        self.numbers.insert(message.id.clone(), number);
        self.by_age.insert((message.sent_millis, number));
        self.messages.insert(number, message);
    }

    /// Removes a message if it exists.
    pub(super) fn remove(&mut self, id: &str) {
        let Some(number) = self.numbers.remove(id) else { return };
        self.order.remove(number);
        if let Some(message) = self.messages.remove(&number) {
            self.by_age.remove(&(message.sent_millis, number));
        }
    }

    /// Changes the visibility of a message if it exists.
    pub(super) fn set_visibility(&mut self, id: &str, visibility: Visibility) {
        let Some(&number) = self.numbers.get(id) else { return };
        self.hide(number, &visibility);
        if let Some(message) = self.messages.get_mut(&number) {
            message.visibility = visibility;
        }
    }

    /// Removes messages that were sent before `oldest_millis`, and shows hidden messages that become visible by `now`.
    pub(super) fn advance(&mut self, oldest_millis: u64, now: u64) {
        while let Some(&(_, number)) = self.by_age.first().filter(|(sent, _)| *sent < oldest_millis) {
            let id = self.read(number).map(|message| message.id.clone());
            self.remove(&id.unwrap_or_default());
        }
        self.order.advance(now);
    }

    /// Returns a message by its id.
    pub(super) fn get(&self, id: &str) -> Option<&Message> {
        self.read(*self.numbers.get(id)?)
    }

    /// Returns whether a message was received and is still hidden.
    pub(super) fn is_in_flight(&self, id: &str) -> bool {
        self.numbers.get(id).is_some_and(|number| self.order.is_in_flight(*number))
    }

    /// Iterates over the messages that can be received, oldest first.
    pub(super) fn receivable(&self) -> impl Iterator<Item = &Message> {
        self.order.receivable().filter_map(|number| self.read(number))
    }

    /// Iterates over all messages in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Message> {
        self.messages.keys().filter_map(|number| self.read(*number))
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn order(&self) -> &VisibilityOrder {
        &self.order
    }

    /// Makes every hidden message visible earlier by this time.
    pub(super) fn shift_times(&mut self, millis: u64) {
        self.order.shift_times(millis);
    }

    #[cfg(test)]
    pub(super) fn read_count(&self) -> usize {
        self.read_count.get()
    }

    /// Reads a message. Every read passes here, so that it is counted.
    fn read(&self, number: u64) -> Option<&Message> {
        #[cfg(test)]
        self.read_count.set(self.read_count.get() + 1);
        self.messages.get(&number)
    }

    /// Hides a message. One with a receipt handle is in flight. Without a handle, only a delay hides it.
    fn hide(&mut self, number: u64, visibility: &Visibility) {
        let why = if visibility.receipt.is_some() { HiddenReason::InFlight } else { HiddenReason::Delayed };
        self.order.hide(number, visibility.visible_millis, why);
    }
}
