//! How often a provider may be asked: a ceiling for all requests, and budgets of tiers that are counted apart.

use std::time::Duration;

/// At most this many requests in any period of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    /// The number of requests, at least 1.
    pub requests: u32,
    /// The length of the period in seconds, at least 1.
    pub seconds: u32,
}

/// A class of requests that the provider counts apart from the others, such as those that write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateTier {
    /// The name: lower-case letters. It is a part of the names of attributes in DynamoDB.
    pub name: &'static str,
    /// The budgets. A request needs room in each of them.
    pub windows: Vec<RateWindow>,
}

/// The rate limits of a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimits {
    /// The ceiling: how many requests of any tier are sent in a second, evenly spaced. 0 is no ceiling.
    pub requests_per_second: f64,
    /// The tiers. A request of none counts only against the ceiling.
    pub tiers: Vec<RateTier>,
}

impl RateLimits {
    /// The time between two requests at the ceiling; none without a ceiling.
    pub fn interval(&self) -> Option<Duration> {
        (self.requests_per_second > 0.0)
            .then(|| Duration::try_from_secs_f64(1.0 / self.requests_per_second).unwrap_or(Duration::MAX))
    }

    /// The tier with this name.
    pub fn tier(&self, name: &str) -> Option<&RateTier> {
        self.tiers.iter().find(|tier| tier.name == name)
    }
}
