//! Decides when the next request of a tier is free, from the item of a provider's rate limiter.

use model::{Error, RateTier};

use crate::{
    item_attributes::{Item, ItemReader},
    rate_window::{WindowAt, WindowState},
};

/// The attribute with the microsecond of the Unix epoch at which the next request at the ceiling is free.
pub(crate) const FREE_AT: &str = "free_at";

/// The name in attributes of requests without a tier.
const UNTIERED: &str = "untiered";

/// The attribute with the microsecond of the Unix epoch until which the requests of a tier pause.
pub(crate) fn tier_paused_until(tier: Option<&RateTier>) -> String {
    format!("{}_paused_until", tier.map_or(UNTIERED, |tier| tier.name))
}

/// The state of the limiter for the requests of one tier. All times are microseconds of the Unix epoch.
#[derive(Debug, Clone)]
pub(crate) struct LimiterState {
    pub(crate) free_at: Option<i64>,
    /// The attribute with the time until which the tier pauses.
    pub(crate) pause_attribute: String,
    pub(crate) paused_until: i64,
    pub(crate) windows: Vec<WindowState>,
}

/// What a reservation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    Grant(Grant),
    /// Nothing is free before this time.
    RetryAt(i64),
}

/// The reservation of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) at: i64,
    /// Whether the time is the one after the last reservation. Then any time up to `latest` will do, if other reservations
    /// are made first.
    pub(crate) is_busy: bool,
    pub(crate) latest: i64,
    /// The windows of the tier at that time, without this request.
    pub(crate) windows: Vec<WindowAt>,
}

impl LimiterState {
    pub(crate) fn read(item: &Item, tier: Option<&RateTier>) -> Result<Self, Error> {
        let reader = ItemReader(item);
        let windows = tier.map_or(&[][..], |tier| &tier.windows).iter();
        let name = tier.map_or(UNTIERED, |tier| tier.name);
        let pause_attribute = tier_paused_until(tier);
        Ok(Self {
            free_at: reader.maybe_number(FREE_AT),
            paused_until: reader.maybe_number(&pause_attribute).unwrap_or(i64::MIN),
            pause_attribute,
            windows: windows
                .map(|window| WindowState::read(item, name, *window))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Finds the first free time between `from` and `last`.
    ///
    /// A tier that pauses or has no room takes nothing of the ceiling: its requests come again when there is room, and
    /// those of the other tiers pass.
    pub(crate) fn plan(&self, from: i64, last: i64) -> Plan {
        let earliest = self.windows.iter().map(WindowState::earliest).max().unwrap_or(i64::MIN);
        let at = from.max(earliest).max(self.free_at.unwrap_or(i64::MIN));
        if self.paused_until > at {
            return Plan::RetryAt(self.paused_until);
        }
        let windows: Vec<WindowAt> = self.windows.iter().map(|window| window.at(at)).collect();
        let is_full = |(window, then): &(&WindowState, &WindowAt)| {
            (then.used >= then.room).then(|| window.free_after(at))
        };
        if let Some(free) = self.windows.iter().zip(&windows).filter_map(|both| is_full(&both)).max() {
            return Plan::RetryAt(free);
        }
        if at > last {
            return Plan::RetryAt(at);
        }
        let ends =
            self.windows.iter().zip(&windows).map(|(window, then)| window.start_of(then.bucket + 1) - 1);
        Plan::Grant(Grant {
            at,
            is_busy: self.free_at == Some(at),
            latest: ends.min().map_or(last, |end| end.min(last)),
            windows,
        })
    }
}
