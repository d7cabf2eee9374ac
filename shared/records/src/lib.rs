#![doc = include_str!("../README.md")]

mod attribute;
mod audience;
mod checkpoints;
mod claim;
mod counted;
mod deliveries;
mod due;
mod item;
mod job_item;
mod kept_deliveries;
mod lease;
mod listing;
mod outbox;
mod places;
mod records;
mod slots;
mod trouble;
mod turns;

pub use claim::{Claim, IdempotencyKey};
pub use deliveries::DeliveryRecord;
pub use kept_deliveries::KeptDelivery;
pub use lease::{Lease, LeaseAttempt};
pub use listing::DayPage;
pub use records::Records;
pub use turns::Turn;
