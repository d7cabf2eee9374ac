//! The deduplication ids of a FIFO queue.

use std::collections::{HashMap, VecDeque};

use super::queue_change::QueueChange;

/// How long a FIFO queue remembers deduplication ids.
const DEDUPLICATION_INTERVAL_MILLIS: u64 = 5 * 60 * 1000;

/// When each deduplication id came, and with which message.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    known: HashMap<String, (u64, String)>,
    in_order: VecDeque<(u64, String)>,
}

impl Deduplication {
    /// Remembers an id, and forgets those whose time is over.
    pub(super) fn insert(&mut self, deduplication: String, millis: u64, id: String) {
        while self.in_order.front().is_some_and(|(came, _)| is_expired(*came, millis)) {
            if let Some((_, oldest)) = self.in_order.pop_front()
                && self.known.get(&oldest).is_some_and(|(came, _)| is_expired(*came, millis))
            {
                self.known.remove(&oldest);
            }
        }
        self.in_order.push_back((millis, deduplication.clone()));
        self.known.insert(deduplication, (millis, id));
    }

    /// The message that came first under this id.
    pub(super) fn first(&self, deduplication: &str, now: u64) -> Option<&str> {
        let (came, id) = self.known.get(deduplication)?;
        (!is_expired(*came, now)).then_some(id.as_str())
    }

    /// The changes that make this from nothing.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = QueueChange> {
        self.in_order.iter().filter_map(|(millis, deduplication)| {
            let (came, id) = self.known.get(deduplication)?;
            let (deduplication, millis) = (deduplication.clone(), *millis);
            (*came == millis).then(|| QueueChange::Deduplicated { deduplication, millis, id: id.clone() })
        })
    }
}

fn is_expired(came: u64, now: u64) -> bool {
    came + DEDUPLICATION_INTERVAL_MILLIS <= now
}
