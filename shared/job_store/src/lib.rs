#![doc = include_str!("../README.md")]

mod checkpoints;
mod concurrency_limit;
mod day_index;
mod delivery_log;
mod due_index;
mod errors;
mod event_application;
mod exclusive_lock;
mod idempotency;
mod item;
mod job_item;
mod job_keys;
mod job_metrics;
mod job_reads;
mod job_writes;
mod json_attribute;
mod lease;
mod lease_token;
mod notify_targets_attribute;
mod operations;
mod outbox;
mod rate_limit;
mod table;

pub use day_index::DayPage;
pub use delivery_log::{DeliveryLogEntry, NewDeliveryLogEntry};
pub use idempotency::{ClaimOutcome, IdempotencyKey};
pub use lease::LeaseOutcome;
pub use lease_token::Lease;
pub use operations::JobStore;
pub use rate_limit::Reservation;
