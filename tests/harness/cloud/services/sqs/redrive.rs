//! The way into a dead-letter queue and the way back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::change::Change;
use super::message::{Message, Visibility};
use super::{Queues, ServiceError, StoredQueue, fault, find, now_millis};

const SOURCE_ATTRIBUTE: &str = "DeadLetterQueueSourceArn";

impl Queues {
    /// Adds messages that were received too often to the dead-letter queue. Id, age and receive
    /// count stay, as in AWS.
    pub(super) fn bury(
        &self,
        queues: &mut BTreeMap<String, StoredQueue>,
        source: &str,
        dead: Vec<Message>,
    ) -> Result<(), ServiceError> {
        if dead.is_empty() {
            return Ok(());
        }
        let policy = queues.get(source).and_then(|queue| queue.redrive_policy());
        let target = policy.and_then(|(arn, _)| queues.get_mut(name_in_arn(&arn)));
        // Without the dead-letter queue AWS refuses the policy; here the messages are lost with it.
        let Some(target) = target else { return Ok(()) };
        let (now, arn) = (now_millis(), self.arn(source));
        let buried = dead.into_iter().map(|mut message| {
            message.system_attributes.insert(SOURCE_ATTRIBUTE.to_owned(), arn.clone());
            message.visibility.visible_millis = now;
            message.visibility.receipt = None;
            Change::Sent(Box::new(message))
        });
        Ok(target.commit(buried.collect())?)
    }

    /// Moves all dead letters at once to the destination, or each to the queue it came from. They
    /// become new messages, as in AWS; those in flight stay.
    pub(super) fn start_message_move_task(&self, input: &Value) -> Result<Value, ServiceError> {
        let source_arn = input["SourceArn"].as_str().ok_or_else(|| ServiceError::missing("SourceArn"))?;
        let destination = input["DestinationArn"].as_str();
        let mut queues = self.lock();
        let is_dead_letter_queue =
            queues.values().any(|queue| queue.redrive_policy().is_some_and(|(arn, _)| arn == source_arn));
        if !is_dead_letter_queue {
            return Err(fault::no_such_resource());
        }
        if destination.is_some_and(|arn| !queues.contains_key(name_in_arn(arn))) {
            return Err(fault::no_such_resource());
        }
        let now = now_millis();
        let source = queues.get_mut(name_in_arn(source_arn)).ok_or_else(fault::no_such_resource)?;
        let mut removed = Vec::new();
        let mut sent: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for message in source.as_of(now).store().receivable() {
            let origin = message.system_attributes.get(SOURCE_ATTRIBUTE).map(String::as_str);
            let Some(arn) = destination.or(origin) else { continue };
            removed.push(Change::Removed { id: message.id.clone() });
            let change = Change::Sent(Box::new(renewed(message.clone(), now)));
            sent.entry(name_in_arn(arn).to_owned()).or_default().push(change);
        }
        // A crash in between leaves a message in both queues rather than in none.
        for (target, changes) in sent {
            if let Some(target) = queues.get_mut(&target) {
                target.commit(changes)?;
            }
        }
        find(&mut queues, name_in_arn(source_arn))?.commit(removed)?;
        Ok(json!({ "TaskHandle": uuid::Uuid::new_v4().to_string() }))
    }
}

fn renewed(mut message: Message, now: u64) -> Message {
    message.system_attributes.remove(SOURCE_ATTRIBUTE);
    Message {
        id: uuid::Uuid::new_v4().to_string(),
        sent_millis: now,
        visibility: Visibility::from(now),
        ..message
    }
}

fn name_in_arn(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}
