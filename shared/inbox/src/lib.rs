//! The delivery queue between the public door and the worker (SQS), and the message it carries.
//!
//! The door answers a provider only after the queue has taken the delivery, so an acknowledged delivery is
//! never lost. A body that is too long for a message waits in S3 and the message carries its key.

mod message;
mod queue;

pub use message::{Body, Message, Queued, Route};
pub use queue::Inbox;
