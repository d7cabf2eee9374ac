//! The deduplication ids of a FIFO queue.

use std::collections::{HashMap, VecDeque};

use super::queue_change::QueueChange;

/// The deduplication interval of a FIFO queue: five minutes.
const DEDUPLICATION_INTERVAL_MILLIS: u64 = 5 * 60 * 1000;

/// The deduplication ids of the last interval, each with its time and message id.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    known: HashMap<String, (u64, String)>,
    in_order: VecDeque<(u64, String)>,
}

impl Deduplication {
    /// Adds an id and removes expired ones.
    pub(super) fn insert(&mut self, deduplication: String, millis: u64, id: String) {
        while self.in_order.front().is_some_and(|(sent, _)| is_expired(*sent, millis)) {
            if let Some((_, oldest)) = self.in_order.pop_front()
                && self.known.get(&oldest).is_some_and(|(sent, _)| is_expired(*sent, millis))
            {
                self.known.remove(&oldest);
            }
        }
        self.in_order.push_back((millis, deduplication.clone()));
        self.known.insert(deduplication, (millis, id));
    }

    /// Returns the id of the first message with this deduplication id.
    pub(super) fn first(&self, deduplication: &str, now: u64) -> Option<&str> {
        let (sent, id) = self.known.get(deduplication)?;
        (!is_expired(*sent, now)).then_some(id.as_str())
    }

    /// Returns the changes that recreate this state.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = QueueChange> {
        self.in_order.iter().filter_map(|(millis, deduplication)| {
            let (sent, id) = self.known.get(deduplication)?;
            let (deduplication, millis) = (deduplication.clone(), *millis);
            (*sent == millis).then(|| QueueChange::Deduplicated { deduplication, millis, id: id.clone() })
        })
    }
}

fn is_expired(sent: u64, now: u64) -> bool {
    sent + DEDUPLICATION_INTERVAL_MILLIS <= now
}
