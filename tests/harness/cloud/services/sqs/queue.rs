//! The rules of one queue: when messages are visible, and what a receive changes. The caller passes the current time.

use std::time::Duration;

use serde_json::Value;

use super::deduplication::Deduplication;
use super::message::{Message, new_receipt};
use super::message_store::MessageStore;
use super::queue_change::{QueueChange, QueueSettings};

/// How many messages a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Messages that can be received.
    pub visible: usize,
    /// Messages that were received and are neither deleted nor visible again.
    pub in_flight: usize,
    /// Messages whose delay has not passed.
    pub delayed: usize,
}

/// A queue with its messages.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: QueueSettings,
    pub(super) deduplication: Deduplication,
    store: MessageStore,
}

/// The messages that a receive returns. They are not hidden or moved yet.
#[derive(Debug, Default)]
pub(super) struct ReceiveResult {
    /// The messages in their state after the receive.
    pub(super) messages: Vec<Message>,
    /// The messages that exceed `maxReceiveCount` and move to the dead-letter queue.
    pub(super) dead: Vec<Message>,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Self { settings, deduplication: Deduplication::default(), store: MessageStore::default() }
    }

    /// Restores a queue from its changes. Returns `None` if the first change does not create it.
    pub(super) fn replay(changes: Vec<QueueChange>) -> Option<Self> {
        let mut changes = changes.into_iter();
        let Some(QueueChange::Set(settings)) = changes.next() else { return None };
        let mut queue = Self::new(settings);
        changes.for_each(|change| queue.apply(change));
        Some(queue)
    }

    /// Applies a change.
    pub(super) fn apply(&mut self, change: QueueChange) {
        match change {
            QueueChange::Set(settings) => self.settings = settings,
            QueueChange::Sent(message) => {
                let group = message.system_attributes.get("MessageGroupId").filter(|_| self.is_fifo());
                let group = group.cloned();
                self.store.add(*message, group);
            }
            QueueChange::Hidden { id, visibility } => self.store.set_visibility(&id, visibility),
            QueueChange::Removed { id } => self.store.remove(&id),
            QueueChange::Purged => self.store = MessageStore::default(),
            QueueChange::Deduplicated { deduplication, millis, id } => {
                self.deduplication.insert(deduplication, millis, id);
            }
        }
    }

    /// Returns the changes that recreate this queue.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = QueueChange> {
        let settings = std::iter::once(QueueChange::Set(self.settings.clone()));
        let messages = self.store.all().map(|message| QueueChange::Sent(Box::new(message.clone())));
        settings.chain(self.deduplication.snapshot()).chain(messages)
    }

    /// Advances the queue to `now`: messages expire, and hidden ones become visible.
    pub(super) fn advance(&mut self, now: u64) {
        let retention = self.seconds("MessageRetentionPeriod").as_millis();
        let retention = u64::try_from(retention).unwrap_or(u64::MAX);
        self.store.advance((now + 1).saturating_sub(retention), now);
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.settings.name.ends_with(".fifo")
    }

    /// Returns an attribute that holds seconds.
    pub(super) fn seconds(&self, attribute: &str) -> Duration {
        let seconds = self.settings.attributes.get(attribute).and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.unwrap_or_default())
    }

    /// Returns the ARN of the dead-letter queue and `maxReceiveCount`.
    pub(super) fn redrive_policy(&self) -> Option<(String, u64)> {
        let policy: Value = serde_json::from_str(self.settings.attributes.get("RedrivePolicy")?).ok()?;
        // The console writes the count as a number, older templates as a string.
        let count = &policy["maxReceiveCount"];
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        Some((policy["deadLetterTargetArn"].as_str()?.to_owned(), count))
    }

    /// Returns the number of messages at the time to which the queue was advanced.
    pub(super) fn depth(&self) -> QueueDepth {
        let (in_flight, delayed) = self.store.order().hidden_counts();
        QueueDepth { visible: self.len() - in_flight - delayed, in_flight, delayed }
    }

    pub(super) fn remaining_invisibility(&self, now: u64) -> Vec<Duration> {
        let until = self.store.order().in_flight();
        until.map(|until| Duration::from_millis(until.saturating_sub(now))).collect()
    }

    /// Makes hidden messages visible earlier by this time.
    pub(super) fn advance_clock(&mut self, by: Duration) {
        self.store.shift_times(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
    }

    /// Returns how long until the next hidden message becomes visible.
    pub(super) fn next_visible(&self, now: u64) -> Option<Duration> {
        self.store.order().next_visible().map(|at| Duration::from_millis(at.saturating_sub(now)))
    }

    /// Returns the first visible messages and their state after the receive. As in AWS, a message moves to the dead-letter
    /// queue only when it would be received once more than `maxReceiveCount`.
    pub(super) fn receive(&self, now: u64, limit: usize, visibility: Option<Duration>) -> ReceiveResult {
        let visibility = visibility.unwrap_or_else(|| self.seconds("VisibilityTimeout"));
        let visible_again = now + u64::try_from(visibility.as_millis()).unwrap_or(u64::MAX / 2);
        let max_receive_count = self.redrive_policy().map_or(u64::MAX, |(_, count)| count);
        let mut received = ReceiveResult::default();
        let mut receivable = self.store.receivable();
        while received.messages.len() < limit {
            let Some(message) = receivable.next() else { break };
            let mut message = message.clone();
            if message.visibility.receive_count >= max_receive_count {
                received.dead.push(message);
                continue;
            }
            let receipt = new_receipt(&self.settings.name, &message.id);
            message.visibility = message.visibility.received(receipt, now, visible_again);
            received.messages.push(message);
        }
        received
    }

    pub(super) fn store(&self) -> &MessageStore {
        &self.store
    }

    pub(super) fn len(&self) -> usize {
        self.store.len()
    }
}

#[cfg(test)]
mod tests;
