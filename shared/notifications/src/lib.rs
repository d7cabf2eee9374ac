//! Telling others what became of jobs: events on EventBridge, whoever waits for a job, and webhooks of callers.
//!
//! Each event is published at least once. Its `id` is the same each time, so whoever must not act twice keeps it;
//! `sequence` grows within a job, so whoever must not go back compares it. The JSON Schemas in `schemas` describe
//! every field, and the flows check what is published against them.

mod caller_webhook;
mod event_bus;
mod event_detail;
mod put_events;
mod task_result;
mod webhook_signature;
mod workflow_waiters;

pub use caller_webhook::CallerWebhookMessage;
pub use event_bus::EventBus;
pub use event_detail::{JobEvent, ProviderEvent};
pub use webhook_signature::WebhookSigner;
pub use workflow_waiters::{NotifiedWaiters, UnreachableServices, WorkflowWaiters};
