//! How often work is asked about, and for how long.

use std::time::Duration;

/// A provider's schedule of questions. A sweep runs every minute, so that nothing is asked about more often.
#[derive(Debug, Clone, Copy)]
pub struct PollSchedule {
    /// The time until the next question, by the age of the job and by how often it was asked about.
    pub interval: fn(age: Duration, asked: u32) -> Duration,
    /// Work that nothing came of by this age is given up.
    pub until: Duration,
}
