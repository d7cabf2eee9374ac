//! Receives messages, waiting for them if necessary, and deletes them by receipt handle.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::errors;
use super::message::{Message, message_id_of_receipt};
use super::queue_change::QueueChange;
use super::queues::{Queues, find_queue, now_millis};
use super::redrive::move_to_dead_letter_queue;
use crate::cloud::services::error::ServiceError;

/// The parameters of ReceiveMessage. A missing one takes the queue's attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiveOptions {
    pub(crate) max_messages: usize,
    pub(crate) wait_time: Option<Duration>,
    pub(crate) visibility_timeout: Option<Duration>,
}

/// Receives messages as ReceiveMessage does. Messages that exceed `maxReceiveCount` move to the dead-letter queue.
pub(crate) async fn receive_messages(
    queues: &Queues,
    queue: &str,
    options: ReceiveOptions,
) -> Result<Vec<Message>, ServiceError> {
    let (changed, wait_time) = {
        let mut locked = queues.lock();
        let queue = find_queue(&mut locked, queue)?;
        let default = || queue.seconds("ReceiveMessageWaitTimeSeconds");
        (queue.changed(), options.wait_time.unwrap_or_else(default))
    };
    let deadline = Instant::now() + wait_time;
    loop {
        let changed = Arc::clone(&changed).notified_owned();
        tokio::pin!(changed);
        // Subscribes before the queue is read: a message that is sent between the two would be missed otherwise.
        changed.as_mut().enable();
        let (messages, next_visible) = try_receive(queues, queue, options)?;
        if !messages.is_empty() || Instant::now() >= deadline {
            return Ok(messages);
        }
        let wake = next_visible.map_or(deadline, |wait| deadline.min(Instant::now() + wait));
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

/// Receives what is visible now, and returns how long until the next hidden message is visible.
fn try_receive(
    queues: &Queues,
    name: &str,
    options: ReceiveOptions,
) -> Result<(Vec<Message>, Option<Duration>), ServiceError> {
    let now = now_millis();
    let mut locked = queues.lock();
    let queue = find_queue(&mut locked, name)?.advance_to(now);
    let received = queue.receive(now, options.max_messages, options.visibility_timeout);
    let removed = received.dead.iter().map(|dead| QueueChange::Removed { id: dead.id.clone() });
    let hidden = received.messages.iter().map(|message| QueueChange::Hidden {
        id: message.id.clone(),
        visibility: message.visibility.clone(),
    });
    let changes = removed.chain(hidden).collect();
    // A crash between the two writes leaves a message in both queues rather than in none.
    move_to_dead_letter_queue(&mut locked, name, &queues.arn(name), received.dead)?;
    let queue = find_queue(&mut locked, name)?;
    queue.commit(changes)?;
    Ok((received.messages, queue.next_visible(now)))
}

/// Deletes a message if this is its latest receipt handle. As in AWS, an older handle is accepted and deletes nothing.
pub(crate) fn delete_message(queues: &Queues, queue: &str, receipt: &str) -> Result<(), ServiceError> {
    let id = message_id_of_receipt(queue, receipt).ok_or_else(errors::invalid_receipt)?;
    let mut locked = queues.lock();
    let queue = find_queue(&mut locked, queue)?;
    let latest = queue.store().get(&id).and_then(Message::receipt);
    if latest == Some(receipt) {
        queue.commit(vec![QueueChange::Removed { id }])?;
    }
    Ok(())
}
