#![doc = include_str!("../README.md")]

mod attribute;
mod checkpoints;
mod concurrency_limit;
mod day_index;
mod delivery_log;
mod due_index;
mod errors;
mod exclusive_lock;
mod idempotency;
mod item;
mod job_item;
mod job_metrics;
mod job_store;
mod lease;
mod outbox;
mod rate_limit;
mod record_delivery;
mod waiters;

pub use day_index::DayPage;
pub use delivery_log::LoggedDelivery;
pub use idempotency::{Claim, IdempotencyKey};
pub use job_store::JobStore;
pub use lease::{Lease, LeaseAttempt};
pub use rate_limit::Reservation;
pub use record_delivery::DeliveryRecord;
