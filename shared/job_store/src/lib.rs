#![doc = include_str!("../README.md")]

mod apply_event;
mod checkpoints;
mod concurrency_limit;
mod day_index;
mod delivery_log;
mod due_index;
mod errors;
mod exclusive_lock;
mod idempotency;
mod item_attributes;
mod job_item;
mod job_keys;
mod job_metrics;
mod job_reads;
mod job_store;
mod job_writes;
mod json_attribute;
mod lease;
mod lease_token;
mod notify_targets_attribute;
mod outbox;
mod rate_expression;
mod rate_limit;
mod rate_plan;
mod rate_window;
mod stored_job;
mod table;
mod transaction_conflict;

pub use day_index::DayPage;
pub use delivery_log::{DeliveryLogEntry, NewDeliveryLogEntry};
pub use idempotency::{ClaimOutcome, IdempotencyKey, KEY_TTL_SECONDS};
pub use job_store::JobStore;
pub use lease::LeaseOutcome;
pub use lease_token::Lease;
pub use rate_limit::{PauseScope, RateLimit, ReportedQuota, Reservation};
pub use stored_job::StoredJob;
