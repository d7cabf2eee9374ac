//! The way into a dead-letter queue and the way back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::queue::{Message, Queue};
use super::{Queues, ServiceError, fault, now_millis};

const SOURCE_ATTRIBUTE: &str = "DeadLetterQueueSourceArn";

impl Queues {
    /// Moves messages that were received too often. Id, age and receive count stay, as in AWS.
    pub(super) fn bury(
        &self,
        queues: &mut BTreeMap<String, Queue>,
        source: &str,
        dead: Vec<Message>,
    ) -> Result<(), ServiceError> {
        let policy = queues.get(source).and_then(Queue::redrive_policy);
        let target = policy.and_then(|(arn, _)| queues.get_mut(name_in_arn(&arn)));
        // Without the dead-letter queue AWS refuses the policy; here the messages are lost with it.
        let Some(target) = target else { return Ok(()) };
        let now = now_millis();
        for mut message in dead {
            message.system_attributes.insert(SOURCE_ATTRIBUTE.to_owned(), self.arn(source));
            message.visible_millis = now;
            message.receipt = None;
            target.messages.push(message);
        }
        Ok(self.save(target)?)
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
        let leaving: Vec<Message> = source
            .messages
            .extract_if(.., |message| {
                let can_go =
                    destination.is_some() || message.system_attributes.contains_key(SOURCE_ATTRIBUTE);
                message.visible_millis <= now && can_go
            })
            .collect();
        self.save(source)?;
        for message in leaving {
            let origin = message.system_attributes.get(SOURCE_ATTRIBUTE).map(String::as_str);
            let arn = destination.or(origin).unwrap_or(source_arn).to_owned();
            if let Some(target) = queues.get_mut(name_in_arn(&arn)) {
                target.messages.push(renewed(message, now));
                self.save(target)?;
            }
        }
        Ok(json!({ "TaskHandle": uuid::Uuid::new_v4().to_string() }))
    }
}

fn renewed(mut message: Message, now: u64) -> Message {
    message.system_attributes.remove(SOURCE_ATTRIBUTE);
    Message {
        id: uuid::Uuid::new_v4().to_string(),
        sent_millis: now,
        first_received_millis: None,
        receive_count: 0,
        visible_millis: now,
        receipt: None,
        ..message
    }
}

fn name_in_arn(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}
