//! Rate limits: the windows of each tier, and the gateway's limit (contract 1.5 and 13.1).

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// A number of requests per number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimitWindow {
    pub(super) requests: usize,
    pub(super) seconds: u32,
}

/// The routes that share their windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tier {
    Write,
    Read,
    Validation,
    Polling,
}

impl Tier {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Validation => "validation",
            Self::Polling => "polling",
        }
    }
}

/// Which period a window counts. The contract does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WindowKind {
    /// The seconds before a call.
    Sliding,
    /// The minute or hour of the clock.
    Fixed,
}

/// The budgets of contract 13.1.
pub(super) fn published_tiers() -> BTreeMap<Tier, Vec<RateLimitWindow>> {
    let budgets = [
        (Tier::Write, 60, 1_200),
        (Tier::Read, 120, 3_000),
        (Tier::Validation, 120, 2_400),
        (Tier::Polling, 600, 18_000),
    ];
    let windows = |a_minute, an_hour| {
        vec![
            RateLimitWindow { requests: a_minute, seconds: 60 },
            RateLimitWindow { requests: an_hour, seconds: 3_600 },
        ]
    };
    budgets.into_iter().map(|(tier, a_minute, an_hour)| (tier, windows(a_minute, an_hour))).collect()
}

/// The window closest to exhaustion, as the headers describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) limit: usize,
    pub(super) remaining: usize,
    /// The Unix second at which the next request is allowed.
    pub(super) reset: i64,
}

/// The decision about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateLimitDecision {
    /// Allowed, with the remaining quota unless there are no windows.
    Allowed(Option<Quota>),
    /// Limited for this many seconds, never 0.
    Limited { quota: Quota, retry_after: i64 },
}

/// The calls that still count.
#[derive(Debug, Default)]
pub(super) struct RateLimits {
    gateway: VecDeque<OffsetDateTime>,
    tiers: HashMap<Tier, VecDeque<OffsetDateTime>>,
}

impl RateLimits {
    /// Whether the gateway allows the call. Only allowed calls count.
    pub(super) fn allow_gateway_call(&mut self, per_second: u32, now: OffsetDateTime) -> bool {
        drop_until(&mut self.gateway, now - Duration::SECOND);
        if per_second > 0 && self.gateway.len() >= per_second as usize {
            return false;
        }
        self.gateway.push_back(now);
        true
    }

    /// Decides whether the windows of a tier allow the call. A limited call does not count.
    pub(super) fn check_tier(
        &mut self,
        (tier, kind): (Tier, WindowKind),
        windows: &[RateLimitWindow],
        now: OffsetDateTime,
    ) -> RateLimitDecision {
        let calls = self.tiers.entry(tier).or_default();
        let longest = windows.iter().map(|window| window.seconds).max().unwrap_or_default();
        drop_until(calls, now - Duration::seconds(i64::from(longest)));
        let quotas = || windows.iter().map(|window| window.quota(kind, calls, now));
        let spent = quotas().filter(|quota| quota.remaining == 0).max_by_key(|quota| quota.reset);
        if let Some(quota) = spent {
            let retry_after = (quota.reset - now.unix_timestamp()).max(1);
            return RateLimitDecision::Limited { quota, retry_after };
        }
        calls.push_back(now);
        let quotas = windows.iter().map(|window| window.quota(kind, calls, now));
        RateLimitDecision::Allowed(quotas.min_by_key(|quota| quota.remaining))
    }
}

impl RateLimitWindow {
    fn quota(&self, kind: WindowKind, calls: &VecDeque<OffsetDateTime>, now: OffsetDateTime) -> Quota {
        let length = Duration::seconds(i64::from(self.seconds));
        let since = match kind {
            WindowKind::Sliding => now - length,
            // A call at the first moment of the window counts, too.
            WindowKind::Fixed => {
                let into = now.unix_timestamp().rem_euclid(i64::from(self.seconds));
                now.replace_nanosecond(0).unwrap_or(now) - Duration::seconds(into) - Duration::NANOSECOND
            }
        };
        let inside = calls.iter().filter(|at| **at > since);
        let used = inside.clone().count();
        let frees = match kind {
            WindowKind::Sliding => inside.min().map_or(now, |oldest| *oldest + length),
            WindowKind::Fixed => since + Duration::NANOSECOND + length,
        };
        let reset = frees.unix_timestamp() + i64::from(frees.nanosecond() > 0);
        Quota { limit: self.requests, remaining: self.requests.saturating_sub(used), reset }
    }
}

fn drop_until(calls: &mut VecDeque<OffsetDateTime>, until: OffsetDateTime) {
    while calls.front().is_some_and(|at| *at <= until) {
        calls.pop_front();
    }
}

#[cfg(test)]
mod tests {
    //! Windows slide, and `Retry-After` is the longest wait.

    use super::*;

    const WINDOWS: [RateLimitWindow; 2] =
        [RateLimitWindow { requests: 2, seconds: 60 }, RateLimitWindow { requests: 3, seconds: 600 }];

    const READ: (Tier, WindowKind) = (Tier::Read, WindowKind::Sliding);

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_000 + second)
    }

    #[test]
    fn the_headers_describe_the_fullest_window() {
        let mut limits = RateLimits::default();
        let first = limits.check_tier(READ, &WINDOWS, at(0));
        assert_eq!(first, RateLimitDecision::Allowed(Some(Quota { limit: 2, remaining: 1, reset: 1_060 })));
        limits.check_tier(READ, &WINDOWS, at(1));
        let third = limits.check_tier(READ, &WINDOWS, at(2));
        let quota = Quota { limit: 2, remaining: 0, reset: 1_060 };
        assert_eq!(third, RateLimitDecision::Limited { quota, retry_after: 58 });
    }

    #[test]
    fn an_exhausted_long_window_limits_after_the_short_one() {
        let mut limits = RateLimits::default();
        for second in [0, 1, 100] {
            assert!(matches!(limits.check_tier(READ, &WINDOWS, at(second)), RateLimitDecision::Allowed(_)));
        }
        let rejected = limits.check_tier(READ, &WINDOWS, at(101));
        assert!(matches!(rejected, RateLimitDecision::Limited { retry_after: 499, .. }));
        assert!(matches!(
            limits.check_tier((Tier::Write, WindowKind::Sliding), &WINDOWS, at(101)),
            RateLimitDecision::Allowed(_)
        ));
    }

    #[test]
    fn the_gateway_limit_covers_one_second() {
        let mut limits = RateLimits::default();
        assert!((0..10).all(|_| limits.allow_gateway_call(10, at(0))));
        assert!(!limits.allow_gateway_call(10, at(0)));
        assert!(limits.allow_gateway_call(10, at(1)));
    }

    #[test]
    fn a_fixed_window_begins_anew_with_each_period_of_the_clock() {
        let mut limits = RateLimits::default();
        let tier = (Tier::Read, WindowKind::Fixed);
        // The minute of the clock begins at 20: 1,020 is a multiple of 60.
        let allowed = [18, 19, 20, 21].map(|second| {
            matches!(limits.check_tier(tier, &WINDOWS[..1], at(second)), RateLimitDecision::Allowed(_))
        });
        assert_eq!(allowed, [true; 4]);
        let quota = Quota { limit: 2, remaining: 0, reset: 1_080 };
        let limited = limits.check_tier(tier, &WINDOWS[..1], at(22));
        assert_eq!(limited, RateLimitDecision::Limited { quota, retry_after: 58 });
    }
}
