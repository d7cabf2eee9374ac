//! How often and for how long work is polled.

use std::time::Duration;

/// A provider's schedule of polls. The sweep runs every minute, so no job is polled more often.
#[derive(Debug, Clone, Copy)]
pub struct PollSchedule {
    /// The time until the next poll, by the age of the job and the number of polls that were answered.
    pub interval: fn(age: Duration, asked: u32) -> Duration,
    /// The age at which a job that has not ended expires.
    pub give_up_after: Duration,
}
