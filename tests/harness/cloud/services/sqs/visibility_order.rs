//! Which messages of a queue may be received, and when the hidden ones may be. Keeps numbers only,
//! so that nobody looks through the messages themselves.
//!
//! A FIFO queue hands a message out only when no earlier message of its group is left, as AWS
//! documents: while messages of a group are in flight, no others of that group are returned. On a
//! standard queue a message group id changes nothing here (AWS uses it for fairness only).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Why a message is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HiddenReason {
    /// ReceiveResult and not deleted.
    InFlight,
    /// Sent with a delay that is not over.
    Delayed,
}

/// The order of a queue's messages.
#[derive(Debug, Default)]
pub(super) struct VisibilityOrder {
    /// May be received now.
    ready: BTreeSet<u64>,
    /// By the time at which they become visible.
    hidden: BTreeMap<(u64, u64), HiddenReason>,
    /// The time at which a hidden message becomes visible.
    visible_at: HashMap<u64, u64>,
    delayed: usize,
    groups: HashMap<Arc<str>, BTreeSet<u64>>,
    group_of: HashMap<u64, Arc<str>>,
}

impl VisibilityOrder {
    /// Adds a visible message behind all others. Only messages of a FIFO queue have a group.
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

    /// Hides a message until then.
    pub(super) fn hide(&mut self, number: u64, until: u64, why: HiddenReason) {
        self.unhide(number);
        self.ready.remove(&number);
        self.hidden.insert((until, number), why);
        self.visible_at.insert(number, until);
        self.delayed += usize::from(why == HiddenReason::Delayed);
    }

    /// Takes a message out. The next one of its group may be received then.
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

    /// Lets messages be visible whose time has come.
    pub(super) fn advance(&mut self, now: u64) {
        while let Some((&(at, number), _)) = self.hidden.first_key_value() {
            if at > now {
                break;
            }
            self.unhide(number);
            self.show(number);
        }
    }

    /// The messages that may be received, first come first, under the premise that each one before
    /// is received as well.
    pub(super) fn receivable(&self) -> Receivable<'_> {
        Receivable { order: self, ready: self.ready.iter().peekable(), next: BTreeSet::new() }
    }

    /// When the next hidden message becomes visible.
    pub(super) fn next_visible(&self) -> Option<u64> {
        self.hidden.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Until when each message in flight is hidden.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = u64> {
        self.hidden.iter().filter(|(_, why)| **why == HiddenReason::InFlight).map(|(&(at, _), _)| at)
    }

    /// How many messages are in flight, and how many are delayed.
    pub(super) fn hidden_counts(&self) -> (usize, usize) {
        (self.hidden.len() - self.delayed, self.delayed)
    }

    /// Whether a message is hidden because it was received.
    pub(super) fn is_in_flight(&self, number: u64) -> bool {
        let key = self.visible_at.get(&number).map(|&at| (at, number));
        key.and_then(|key| self.hidden.get(&key)) == Some(&HiddenReason::InFlight)
    }

    /// Lets every hidden message be visible so much earlier.
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

    /// Marks a message as ready if it is neither hidden nor behind another of its group.
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
    /// Those behind one that was already given out, in the same group.
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
        // A hidden one blocks those behind it.
        self.next.extend(after.filter(|after| !self.order.visible_at.contains_key(after)));
        Some(number)
    }
}
