//! One queue: what is visible when, and what happens when it is received. Knows no clock but the
//! time it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::QueueDepth;

/// A queue with its messages in the order in which they came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) created_millis: u64,
    pub(super) modified_millis: u64,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) messages: Vec<Message>,
    /// Deduplication ids of a FIFO queue: when each came and with which message.
    #[serde(default)]
    pub(super) deduplication: BTreeMap<String, (u64, String)>,
}

/// A message, with all that SQS knows of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super::super) struct Message {
    pub(in super::super::super) id: String,
    pub(in super::super::super) body: String,
    /// `MessageAttributes` as they were sent.
    pub(in super::super::super) attributes: Map<String, Value>,
    /// System attributes that the sender or a redrive set.
    pub(super) system_attributes: BTreeMap<String, String>,
    pub(super) sent_millis: u64,
    pub(super) first_received_millis: Option<u64>,
    pub(super) receive_count: u64,
    pub(super) visible_millis: u64,
    /// The handle of the latest receive.
    pub(in super::super::super) receipt: Option<String>,
}

/// The outcome of looking for messages.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) messages: Vec<Message>,
    /// Received too often: to be moved to the dead-letter queue.
    pub(super) dead: Vec<Message>,
}

impl Message {
    pub(super) fn group(&self) -> Option<&str> {
        self.system_attributes.get("MessageGroupId").map(String::as_str)
    }

    fn is_visible(&self, now: u64) -> bool {
        self.visible_millis <= now
    }

    /// All system attributes, as `AttributeNames: ["All"]` shows them.
    pub(in super::super::super) fn system_attributes(&self) -> BTreeMap<String, String> {
        let mut attributes = self.system_attributes.clone();
        attributes.insert("SenderId".into(), "AIDALOCALCLOUD".into());
        attributes.insert("SentTimestamp".into(), self.sent_millis.to_string());
        attributes.insert("ApproximateReceiveCount".into(), self.receive_count.to_string());
        if let Some(first) = self.first_received_millis {
            attributes.insert("ApproximateFirstReceiveTimestamp".into(), first.to_string());
        }
        attributes
    }
}

impl Queue {
    pub(super) fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    /// An attribute that holds seconds.
    pub(super) fn seconds(&self, attribute: &str) -> Duration {
        let seconds = self.attributes.get(attribute).and_then(|seconds| seconds.parse().ok());
        Duration::from_secs(seconds.unwrap_or_default())
    }

    /// ARN of the dead-letter queue and how often a message is received before it goes there.
    pub(super) fn redrive_policy(&self) -> Option<(String, u64)> {
        let policy: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        // The console writes the count as a number, older templates as a string.
        let count = &policy["maxReceiveCount"];
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        Some((policy["deadLetterTargetArn"].as_str()?.to_owned(), count))
    }

    pub(super) fn depth(&self, now: u64) -> QueueDepth {
        let mut depth = QueueDepth::default();
        for message in &self.messages {
            if message.is_visible(now) {
                depth.visible += 1;
            } else if message.receipt.is_some() {
                depth.in_flight += 1;
            } else {
                depth.delayed += 1;
            }
        }
        depth
    }

    pub(super) fn hidden_for(&self, now: u64) -> Vec<Duration> {
        let hidden =
            self.messages.iter().filter(|message| message.receipt.is_some() && !message.is_visible(now));
        hidden.map(|message| Duration::from_millis(message.visible_millis - now)).collect()
    }

    pub(super) fn pass_time(&mut self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        for message in &mut self.messages {
            message.visible_millis = message.visible_millis.saturating_sub(by);
        }
    }

    /// How long until the next hidden message becomes visible.
    pub(super) fn next_visible(&self, now: u64) -> Option<Duration> {
        let hidden = self.messages.iter().filter(|message| !message.is_visible(now));
        hidden.map(|message| message.visible_millis).min().map(|at| Duration::from_millis(at - now))
    }

    /// Hides and returns the first visible messages. As in AWS a message that was received often
    /// enough is noticed only when it would be received again.
    pub(super) fn receive(&mut self, now: u64, limit: usize, visibility: Option<Duration>) -> Received {
        self.expire(now);
        let visibility = visibility.unwrap_or_else(|| self.seconds("VisibilityTimeout"));
        let visible_again = now + u64::try_from(visibility.as_millis()).unwrap_or(u64::MAX / 2);
        let most = self.redrive_policy().map_or(u64::MAX, |(_, count)| count);
        let mut received = Received::default();
        let mut blocked_groups = BTreeSet::new();
        let mut kept = Vec::with_capacity(self.messages.len());
        for mut message in self.messages.drain(..) {
            let group = message.group().map(str::to_owned);
            let is_blocked = group.as_ref().is_some_and(|group| blocked_groups.contains(group));
            if received.messages.len() == limit || is_blocked || !message.is_visible(now) {
                // Order within a group: nothing overtakes a message that is not deleted.
                blocked_groups.extend(group);
                kept.push(message);
            } else if message.receive_count >= most {
                received.dead.push(message);
            } else {
                message.receive_count += 1;
                message.first_received_millis.get_or_insert(now);
                message.visible_millis = visible_again;
                message.receipt = Some(new_receipt(&self.name, &message.id));
                received.messages.push(message.clone());
                kept.push(message);
            }
        }
        self.messages = kept;
        received
    }

    /// Drops messages that are older than the queue keeps them.
    pub(super) fn expire(&mut self, now: u64) {
        let retention = self.seconds("MessageRetentionPeriod").as_millis();
        self.messages.retain(|message| u128::from(message.sent_millis) + retention > u128::from(now));
    }
}

fn new_receipt(queue: &str, message: &str) -> String {
    STANDARD.encode(format!("{queue}/{message}/{}", uuid::Uuid::new_v4().simple()))
}

/// The message that a receipt of this queue was for, whether or not it is still there.
pub(super) fn message_of_receipt(queue: &str, receipt: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(receipt).ok()?).ok()?;
    let rest = text.strip_prefix(queue)?.strip_prefix('/')?;
    rest.split_once('/').map(|(message, _)| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(policy: Option<u64>) -> Queue {
        let mut attributes = BTreeMap::from([
            ("VisibilityTimeout".to_owned(), "1".to_owned()),
            ("MessageRetentionPeriod".to_owned(), "60".to_owned()),
        ]);
        if let Some(count) = policy {
            let policy = format!(r#"{{"deadLetterTargetArn":"arn:dead","maxReceiveCount":{count}}}"#);
            attributes.insert("RedrivePolicy".into(), policy);
        }
        let message = Message {
            id: "m".into(),
            body: "b".into(),
            attributes: Map::new(),
            system_attributes: BTreeMap::new(),
            sent_millis: 0,
            first_received_millis: None,
            receive_count: 0,
            visible_millis: 0,
            receipt: None,
        };
        Queue {
            name: "q".into(),
            created_millis: 0,
            modified_millis: 0,
            attributes,
            messages: vec![message],
            deduplication: BTreeMap::new(),
        }
    }

    #[test]
    fn a_received_message_is_hidden_for_the_visibility_timeout() {
        let mut queue = queue(None);
        assert_eq!(queue.receive(0, 10, None).messages.len(), 1);
        assert_eq!(queue.receive(999, 10, None).messages.len(), 0);
        assert_eq!(queue.next_visible(999), Some(Duration::from_millis(1)));
        assert_eq!(queue.receive(1000, 10, None).messages[0].receive_count, 2);
    }

    #[test]
    fn a_message_dies_at_the_receive_after_the_last_allowed_one() {
        let mut queue = queue(Some(2));
        assert!(queue.receive(0, 10, None).dead.is_empty());
        assert!(queue.receive(1000, 10, None).dead.is_empty());
        let third = queue.receive(2000, 10, None);
        assert!(third.messages.is_empty());
        assert_eq!(third.dead.len(), 1);
        assert!(queue.messages.is_empty());
    }

    #[test]
    fn each_receive_has_its_own_receipt() {
        let mut queue = queue(None);
        let first = queue.receive(0, 1, None).messages.remove(0).receipt.expect("was received");
        let second = queue.receive(1000, 1, None).messages.remove(0).receipt.expect("was received");
        assert_ne!(first, second);
        assert_eq!(message_of_receipt("q", &first).as_deref(), Some("m"));
        assert_eq!(message_of_receipt("other", &first), None);
    }

    #[test]
    fn messages_expire() {
        let mut queue = queue(None);
        assert!(queue.receive(60_000, 1, None).messages.is_empty());
    }
}
