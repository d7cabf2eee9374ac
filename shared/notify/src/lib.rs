//! Telling others what became of jobs: events on EventBridge, and whoever waits for a job.
//!
//! Each event is published at least once. Its `id` is the same each time, so whoever must not act twice keeps it;
//! `sequence` grows within a job, so whoever must not go back compares it. The JSON Schemas in `schemas` describe
//! every field, and the flows check what is published against them.

mod detail;
mod entry;
mod events;
mod outcome;
mod workflows;

pub use detail::{JobEvent, ProviderEvent};
pub use events::Events;
pub use workflows::{Told, Unreachable, Workflows};
