//! Notifications of jobs: events on EventBridge, results for waiting workflows, and webhooks of callers. The only user
//! of the SDKs of EventBridge, Step Functions and Lambda.
//!
//! Each event is published at least once. Its `id` is the same each time, so that a consumer can detect duplicates;
//! `sequence` grows within a job, so that it can ignore outdated events. The JSON Schemas in `schemas` describe every
//! field, and the flows validate what is published against them.

mod call_outcome;
mod caller_webhook;
mod event_bus;
mod event_detail;
mod put_events;
mod task_result;
mod webhook_signature;
mod workflow_notifier;

pub use caller_webhook::CallerWebhookMessage;
pub use event_bus::EventBus;
pub use event_detail::{JobEventDetail, ProviderEvent};
pub use webhook_signature::WebhookSigner;
pub use workflow_notifier::{UnreachableServices, WorkflowNotifier, WorkflowNotifyResult};
