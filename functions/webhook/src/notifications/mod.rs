//! Notifications: after each change of a job the outbox is dispatched to the event bus, to workflows that wait and to
//! the caller webhook queue. Later the worker receives the messages of that queue and sends each webhook until its
//! host accepts it or the attempts end. Provider events that match no job are forwarded to the event bus.

pub(crate) mod caller_webhook_retry;
pub(crate) mod caller_webhook_sender;
pub(crate) mod job_notifier;
pub(crate) mod provider_event;
pub(crate) mod unresponsive_hosts;
pub(crate) mod workflow_heartbeat;
