//! Sends the notifications in a job's outbox to its targets: the event bus, the workflows that wait for the job, and the
//! queue of the caller's webhooks. Each target is notified separately, and what was sent to it is recorded at once, so
//! that an outage of one target causes no duplicates at the others.

mod dispatch_outbox;

pub use dispatch_outbox::OutboxDispatcher;
