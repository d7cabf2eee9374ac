//! Redrive: moves messages to the dead-letter queue and back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors;
use super::message::{Message, Visibility};
use super::queue_change::QueueChange;
use super::queues::Queues;
use super::queues::find_queue;
use super::queues::now_millis;
use super::stored_queue::StoredQueue;
use crate::cloud::services::error::ServiceError;

const SOURCE_ATTRIBUTE: &str = "DeadLetterQueueSourceArn";

/// Adds messages that exceed `maxReceiveCount` to the dead-letter queue. They keep their id, age and receive count, as
/// in AWS.
pub(super) fn move_to_dead_letter_queue(
    queues: &mut BTreeMap<String, StoredQueue>,
    source: &str,
    source_arn: &str,
    dead: Vec<Message>,
) -> Result<(), ServiceError> {
    if dead.is_empty() {
        return Ok(());
    }
    let policy = queues.get(source).and_then(|queue| queue.redrive_policy());
    let target = policy.and_then(|(arn, _)| queues.get_mut(name_in_arn(&arn)));
    // AWS rejects a policy without a dead-letter queue. Here the messages are lost.
    let Some(target) = target else { return Ok(()) };
    let now = now_millis();
    let moved = dead.into_iter().map(|mut message| {
        message.system_attributes.insert(SOURCE_ATTRIBUTE.to_owned(), source_arn.to_owned());
        message.visibility.visible_millis = now;
        message.visibility.receipt = None;
        QueueChange::Sent(Box::new(message))
    });
    Ok(target.commit(moved.collect())?)
}

/// Moves all dead letters at once to the destination, or each to its source queue. They become new messages, as in AWS.
/// Messages in flight stay.
pub(super) fn start_message_move_task(queues: &Queues, input: &Value) -> Result<Value, ServiceError> {
    let source_arn = input["SourceArn"].as_str().ok_or_else(|| ServiceError::missing("SourceArn"))?;
    let destination = input["DestinationArn"].as_str();
    let mut locked = queues.lock();
    let is_dead_letter_queue =
        locked.values().any(|queue| queue.redrive_policy().is_some_and(|(arn, _)| arn == source_arn));
    if !is_dead_letter_queue {
        return Err(errors::no_such_resource());
    }
    if destination.is_some_and(|arn| !locked.contains_key(name_in_arn(arn))) {
        return Err(errors::no_such_resource());
    }
    let now = now_millis();
    let source = locked.get_mut(name_in_arn(source_arn)).ok_or_else(errors::no_such_resource)?;
    let mut removed = Vec::new();
    let mut sent: BTreeMap<String, Vec<QueueChange>> = BTreeMap::new();
    for message in source.advance_to(now).store().receivable() {
        let origin = message.system_attributes.get(SOURCE_ATTRIBUTE).map(String::as_str);
        let Some(arn) = destination.or(origin) else { continue };
        removed.push(QueueChange::Removed { id: message.id.clone() });
        let change = QueueChange::Sent(Box::new(as_new_message(message.clone(), now)));
        sent.entry(name_in_arn(arn).to_owned()).or_default().push(change);
    }
    // A crash between the writes leaves a message in both queues rather than in none.
    for (target, changes) in sent {
        if let Some(target) = locked.get_mut(&target) {
            target.commit(changes)?;
        }
    }
    find_queue(&mut locked, name_in_arn(source_arn))?.commit(removed)?;
    Ok(json!({ "TaskHandle": uuid::Uuid::new_v4().to_string() }))
}

fn as_new_message(mut message: Message, now: u64) -> Message {
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
