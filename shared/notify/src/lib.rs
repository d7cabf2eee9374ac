//! Telling others what became of jobs: events on EventBridge, whoever waits for a job, and webhooks of callers.
//!
//! Each event is published at least once. Its `id` is the same each time, so whoever must not act twice keeps it;
//! `sequence` grows within a job, so whoever must not go back compares it. The JSON Schemas in `schemas` describe
//! every field, and the flows check what is published against them.

mod detail;
mod entry;
mod events;
mod outcome;
mod webhook;
mod webhook_keys;
mod workflows;

pub use detail::{JobEvent, ProviderEvent};
pub use events::Events;
pub use webhook::Webhook;
pub use webhook_keys::WebhookKeys;
pub use workflows::{Told, Unreachable, Workflows};
