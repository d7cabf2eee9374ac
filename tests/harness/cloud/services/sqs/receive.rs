//! Receiving, which may wait for a message, and deleting.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::change::Change;
use super::message::message_of_receipt;
use super::{Message, Queues, ServiceError, fault, find, now_millis};

impl Queues {
    /// Receives as ReceiveMessage does, moving what was received too often to the dead letters.
    pub(in super::super::super) async fn receive(
        &self,
        queue: &str,
        limit: usize,
        wait: Option<Duration>,
        visibility: Option<Duration>,
    ) -> Result<Vec<Message>, ServiceError> {
        let (changed, wait) = {
            let mut queues = self.lock();
            let queue = find(&mut queues, queue)?;
            (queue.changed(), wait.unwrap_or_else(|| queue.seconds("ReceiveMessageWaitTimeSeconds")))
        };
        let deadline = Instant::now() + wait;
        loop {
            let changed = Arc::clone(&changed).notified_owned();
            tokio::pin!(changed);
            // Listening starts before looking, or a message sent between the two would be missed.
            changed.as_mut().enable();
            let (messages, next_visible) = self.receive_now(queue, limit, visibility)?;
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

    fn receive_now(
        &self,
        name: &str,
        limit: usize,
        visibility: Option<Duration>,
    ) -> Result<(Vec<Message>, Option<Duration>), ServiceError> {
        let now = now_millis();
        let mut queues = self.lock();
        let received = find(&mut queues, name)?.as_of(now).receive(now, limit, visibility);
        let removed = received.dead.iter().map(|dead| Change::Removed { id: dead.id.clone() });
        let hidden = received
            .messages
            .iter()
            .map(|message| Change::Hidden { id: message.id.clone(), visibility: message.visibility.clone() });
        let changes = removed.chain(hidden).collect();
        // A crash between the two leaves a message in both queues rather than in none.
        self.bury(&mut queues, name, received.dead)?;
        let queue = find(&mut queues, name)?;
        queue.commit(changes)?;
        Ok((received.messages, queue.next_visible(now)))
    }

    /// Deletes a message if this is its latest receipt. As in AWS, an older one is taken and
    /// deletes nothing.
    pub(in super::super::super) fn delete(&self, queue: &str, receipt: &str) -> Result<(), ServiceError> {
        let id = message_of_receipt(queue, receipt).ok_or_else(fault::invalid_receipt)?;
        let mut queues = self.lock();
        let queue = find(&mut queues, queue)?;
        let latest = queue.store().get(&id).and_then(Message::receipt);
        if latest == Some(receipt) {
            queue.commit(vec![Change::Removed { id }])?;
        }
        Ok(())
    }
}
