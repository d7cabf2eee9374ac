//! The changes of a queue. Each change is written to the queue's file before it is applied. Replaying the changes in order
//! restores the queue.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::{Message, Visibility};

/// A change of a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum QueueChange {
    /// The queue was created, or its attributes were set.
    Set(QueueSettings),
    /// A message was added at the end.
    Sent(Box<Message>),
    /// A message was received, or its visibility timeout was changed.
    Hidden { id: String, visibility: Visibility },
    /// A message was deleted or moved to another queue.
    Removed { id: String },
    /// All messages were removed.
    Purged,
    /// A message was sent with this deduplication id. The message may be deleted already.
    Deduplicated { deduplication: String, millis: u64, id: String },
}

/// A queue without its messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct QueueSettings {
    pub(super) name: String,
    pub(super) created_millis: u64,
    pub(super) modified_millis: u64,
    pub(super) attributes: BTreeMap<String, String>,
}
