//! The order in which messages can be received, and when hidden messages become visible. Holds only message numbers, so
//! that no operation scans the messages.
//!
//! A FIFO queue returns a message only after the earlier messages of its group, as AWS documents: while messages of a group
//! are in flight, no other messages of that group are returned. On a standard queue a message group id has no effect here
//! (AWS uses it for fairness only).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Why a message is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HiddenReason {
    /// Received and not deleted.
    InFlight,
    /// Sent with a delay that has not passed.
    Delayed,
}

/// The order of a queue's messages.
#[derive(Debug, Default)]
pub(super) struct VisibilityOrder {
    /// Messages that can be received now.
    ready: BTreeSet<u64>,
    /// Hidden messages, by the time at which they become visible.
    hidden: BTreeMap<(u64, u64), HiddenReason>,
    /// The time at which a hidden message becomes visible.
    visible_at: HashMap<u64, u64>,
    delayed: usize,
    groups: HashMap<Arc<str>, BTreeSet<u64>>,
    group_of: HashMap<u64, Arc<str>>,
}

impl VisibilityOrder {
    /// Adds a visible message at the end. Only messages of a FIFO queue have a group.
    pub(super) fn add(&mut self, number: u64, group: Option<&str>) {
        if let Some(group) = group {
            let (name, members) = match self.groups.remove_entry(group) {
                Some(known) => known,
                None => (Arc::from(group), BTreeSet::new()),
            };
            let members = self.groups.entry(Arc::clone(&name)).or_insert(members);
            members.insert(number);
            self.group_of.insert(number, name);
        }
        self.show(number);
    }

    /// Hides a message until the given time.
    pub(super) fn hide(&mut self, number: u64, until: u64, why: HiddenReason) {
        self.unhide(number);
        self.ready.remove(&number);
        self.hidden.insert((until, number), why);
        self.visible_at.insert(number, until);
        self.delayed += usize::from(why == HiddenReason::Delayed);
    }

    /// Removes a message. The next message of its group can then be received.
    pub(super) fn remove(&mut self, number: u64) {
        self.unhide(number);
        self.ready.remove(&number);
        let Some(group) = self.group_of.remove(&number) else { return };
        let Some(members) = self.groups.get_mut(&group) else { return };
        members.remove(&number);
        match members.first().copied() {
            Some(first) => self.show(first),
            None => drop(self.groups.remove(&group)),
        }
    }

    /// Shows the hidden messages that become visible by `now`.
    pub(super) fn advance(&mut self, now: u64) {
        while let Some((&(at, number), _)) = self.hidden.first_key_value() {
            if at > now {
                break;
            }
            self.unhide(number);
            self.show(number);
        }
    }

    /// Iterates over the messages that can be received, oldest first. Each item assumes that the earlier ones are received
    /// too.
    pub(super) fn receivable(&self) -> Receivable<'_> {
        Receivable { order: self, ready: self.ready.iter().peekable(), next: BTreeSet::new() }
    }

    /// Returns when the next hidden message becomes visible.
    pub(super) fn next_visible(&self) -> Option<u64> {
        self.hidden.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Returns for each message in flight the time until which it is hidden.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = u64> {
        self.hidden.iter().filter(|(_, why)| **why == HiddenReason::InFlight).map(|(&(at, _), _)| at)
    }

    /// Returns how many messages are in flight, and how many are delayed.
    pub(super) fn hidden_counts(&self) -> (usize, usize) {
        (self.hidden.len() - self.delayed, self.delayed)
    }

    /// Returns whether a message is hidden because it was received.
    pub(super) fn is_in_flight(&self, number: u64) -> bool {
        let key = self.visible_at.get(&number).map(|&at| (at, number));
        key.and_then(|key| self.hidden.get(&key)) == Some(&HiddenReason::InFlight)
    }

    /// Makes every hidden message visible earlier by this time.
    pub(super) fn shift_times(&mut self, millis: u64) {
        let earlier = |at: u64| at.saturating_sub(millis);
        self.hidden = self.hidden.iter().map(|(&(at, number), &why)| ((earlier(at), number), why)).collect();
        self.visible_at.values_mut().for_each(|at| *at = earlier(*at));
    }

    fn unhide(&mut self, number: u64) {
        let Some(at) = self.visible_at.remove(&number) else { return };
        let why = self.hidden.remove(&(at, number));
        self.delayed -= usize::from(why == Some(HiddenReason::Delayed));
    }

    /// Marks a message as ready, unless it is hidden or follows another message of its group.
    fn show(&mut self, number: u64) {
        let is_first = self.members(number).is_none_or(|members| members.first() == Some(&number));
        if is_first && !self.visible_at.contains_key(&number) {
            self.ready.insert(number);
        }
    }

    fn members(&self, number: u64) -> Option<&BTreeSet<u64>> {
        self.groups.get(self.group_of.get(&number)?)
    }
}

/// See [`VisibilityOrder::receivable`].
pub(super) struct Receivable<'a> {
    order: &'a VisibilityOrder,
    ready: std::iter::Peekable<std::collections::btree_set::Iter<'a, u64>>,
    /// Messages that follow an item of this iterator in the same group.
    next: BTreeSet<u64>,
}

impl Iterator for Receivable<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let number = match (self.ready.peek(), self.next.first()) {
            (Some(ready), Some(next)) if next < *ready => self.next.pop_first(),
            (Some(_), _) => self.ready.next().copied(),
            (None, _) => self.next.pop_first(),
        }?;
        let members = self.order.members(number);
        let after = members.and_then(|members| members.range(number + 1..).next().copied());
        // A hidden message blocks the later ones of its group.
        self.next.extend(after.filter(|after| !self.order.visible_at.contains_key(after)));
        Some(number)
    }
}
