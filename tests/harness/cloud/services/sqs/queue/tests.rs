//! Tests the rules of a queue at chosen times.

use std::collections::BTreeMap;

use serde_json::Map;

use super::super::message::{Visibility, message_id_of_receipt};
use super::*;

/// A queue whose clock the test sets.
struct ClockedQueue(Queue);

impl ClockedQueue {
    fn new(name: &str, policy: Option<u64>) -> Self {
        let mut attributes = BTreeMap::from([
            ("VisibilityTimeout".to_owned(), "1".to_owned()),
            ("MessageRetentionPeriod".to_owned(), "60".to_owned()),
        ]);
        if let Some(count) = policy {
            let policy = format!(r#"{{"deadLetterTargetArn":"arn:dead","maxReceiveCount":{count}}}"#);
            attributes.insert("RedrivePolicy".into(), policy);
        }
        let settings = QueueSettings { name: name.into(), created_millis: 0, modified_millis: 0, attributes };
        Self(Queue::new(settings))
    }

    fn with_message(policy: Option<u64>) -> Self {
        let mut queue = Self::new("q", policy);
        queue.send("m", "", 0);
        queue
    }

    fn send(&mut self, id: &str, group: &str, visible_millis: u64) {
        let group = (!group.is_empty()).then(|| ("MessageGroupId".to_owned(), group.to_owned()));
        self.0.apply(QueueChange::Sent(Box::new(Message {
            id: id.into(),
            body: "b".into(),
            attributes: Map::new(),
            system_attributes: group.into_iter().collect(),
            sent_millis: 0,
            visibility: Visibility::from(visible_millis),
        })));
    }

    fn receive(&mut self, now: u64, limit: usize) -> ReceiveResult {
        self.0.advance(now);
        let received = self.0.receive(now, limit, None);
        for message in &received.messages {
            let (id, visibility) = (message.id.clone(), message.visibility.clone());
            self.0.apply(QueueChange::Hidden { id, visibility });
        }
        received.dead.iter().for_each(|dead| self.delete(&dead.id));
        received
    }

    fn ids(&mut self, now: u64, limit: usize) -> Vec<String> {
        self.receive(now, limit).messages.into_iter().map(|message| message.id).collect()
    }

    fn delete(&mut self, id: &str) {
        self.0.apply(QueueChange::Removed { id: id.into() });
    }
}

#[test]
fn a_received_message_is_hidden_for_the_visibility_timeout() {
    let mut queue = ClockedQueue::with_message(None);
    assert_eq!(queue.receive(0, 10).messages.len(), 1);
    assert_eq!(queue.receive(999, 10).messages.len(), 0);
    assert_eq!(queue.0.next_visible(999), Some(Duration::from_millis(1)));
    assert_eq!(queue.receive(1000, 10).messages[0].visibility.receive_count, 2);
}

#[test]
fn a_message_is_dead_lettered_at_the_receive_after_the_last_allowed_one() {
    let mut queue = ClockedQueue::with_message(Some(2));
    assert!(queue.receive(0, 10).dead.is_empty());
    assert!(queue.receive(1000, 10).dead.is_empty());
    let third = queue.receive(2000, 10);
    assert!(third.messages.is_empty());
    assert_eq!(third.dead.len(), 1);
    assert_eq!(queue.0.len(), 0);
}

#[test]
fn each_receive_has_a_different_receipt_handle() {
    let mut queue = ClockedQueue::with_message(None);
    let mut receipt = |now| queue.receive(now, 1).messages[0].receipt().expect("was received").to_owned();
    let (first, second) = (receipt(0), receipt(1000));
    assert_ne!(first, second);
    assert_eq!(message_id_of_receipt("q", &first).as_deref(), Some("m"));
    assert_eq!(message_id_of_receipt("other", &first), None);
}

#[test]
fn messages_expire_after_the_retention_period() {
    let mut queue = ClockedQueue::with_message(None);
    assert_eq!(queue.receive(59_000, 1).messages.len(), 1);
    assert!(queue.receive(60_000, 1).messages.is_empty());
    assert_eq!(queue.0.len(), 0);
}

#[test]
fn messages_are_received_in_the_order_of_sending_also_when_received_again() {
    let mut queue = ClockedQueue::new("q", None);
    ["a", "b", "c"].into_iter().for_each(|id| queue.send(id, "", 0));
    assert_eq!(queue.ids(0, 2), ["a", "b"]);
    assert_eq!(queue.ids(0, 2), ["c"]);
    queue.delete("b");
    assert_eq!(queue.ids(1000, 10), ["a", "c"]);
}

#[test]
fn the_depth_counts_visible_in_flight_and_delayed_messages_separately() {
    let mut queue = ClockedQueue::new("q", None);
    queue.send("a", "", 0);
    queue.send("b", "", 0);
    queue.send("late", "", 900_000);
    queue.ids(0, 1);
    assert_eq!(queue.0.depth(), QueueDepth { visible: 1, in_flight: 1, delayed: 1 });
    assert_eq!(queue.0.remaining_invisibility(400), [Duration::from_millis(600)]);
    queue.0.advance(1000);
    assert_eq!(queue.0.depth(), QueueDepth { visible: 2, in_flight: 0, delayed: 1 });
    queue.0.advance_clock(Duration::from_secs(899));
    queue.0.advance(1000);
    assert_eq!(queue.0.depth(), QueueDepth { visible: 3, in_flight: 0, delayed: 0 });
}

#[test]
fn a_fifo_queue_keeps_the_order_within_a_message_group() {
    let mut queue = ClockedQueue::new("q.fifo", None);
    for (id, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a"), ("b2", "b")] {
        queue.send(id, group, 0);
    }
    assert_eq!(queue.ids(0, 1), ["a1"]);
    assert_eq!(queue.ids(0, 10), ["b1", "b2"]);
    assert!(queue.ids(0, 10).is_empty());
    queue.delete("a1");
    assert_eq!(queue.ids(0, 10), ["a2", "a3"]);
    queue.delete("b1");
    assert_eq!(queue.ids(1000, 10), ["a2", "a3", "b2"]);
}

#[test]
fn a_standard_queue_ignores_message_groups() {
    let mut queue = ClockedQueue::new("q", None);
    queue.send("a1", "a", 0);
    queue.send("a2", "a", 0);
    assert_eq!((queue.ids(0, 1), queue.ids(0, 1)), (vec!["a1".to_owned()], vec!["a2".to_owned()]));
}

/// Counts the messages that 50 receives and deletes read in a queue of this length.
fn messages_read(name: &str, queue_length: usize) -> usize {
    let mut queue = ClockedQueue::new(name, Some(5));
    (0..queue_length).for_each(|number| queue.send(&number.to_string(), &(number % 7).to_string(), 0));
    let before = queue.0.store().read_count();
    for _ in 0..50 {
        for id in queue.ids(0, 1) {
            queue.delete(&id);
        }
        queue.0.depth();
        queue.0.next_visible(0);
    }
    queue.0.store().read_count() - before
}

#[test]
fn the_messages_read_per_receive_do_not_grow_with_the_queue() {
    for name in ["q", "q.fifo"] {
        assert_eq!((messages_read(name, 100), messages_read(name, 10_000)), (50, 50), "{name}");
    }
}
