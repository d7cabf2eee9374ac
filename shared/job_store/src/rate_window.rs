//! The counters of one window of a tier: how many requests are reserved in each of its buckets.
//!
//! Time is divided into buckets, of which [`BUCKETS`] are as long as the window and [`SLACK`] together. The requests of
//! any [`BUCKETS`] + 1 consecutive buckets never exceed the budget. A period of the window's length touches no more
//! buckets than that, whenever it begins and even if a request arrives up to [`SLACK`] after its reserved time. So the
//! budget holds in a sliding window and in a fixed one.

use model::{Error, RateWindow};

use crate::item_attributes::{Item, ItemReader, unreadable};

/// The buckets of a window. More of them come closer to the budget, and are a longer attribute: with 30 a full budget is
/// free again after 63 s of a window of a minute.
const BUCKETS: usize = 30;

/// How much later than its reserved time a request may arrive, in microseconds: a quarter of a second until it is sent, and
/// differences on the way.
const SLACK: i64 = 1_000_000;

/// The names of the attributes of a window: `write_60_used`.
#[derive(Debug, Clone)]
pub(crate) struct WindowNames {
    /// The number of the bucket in which requests are reserved now. Buckets are numbered from the Unix epoch.
    pub(crate) bucket: String,
    /// The requests that are reserved in it.
    pub(crate) used: String,
    /// The requests of the buckets before it, the latest first, separated by commas.
    pub(crate) past: String,
    /// The requests that others made, as the provider reported them.
    pub(crate) foreign: String,
    /// The microsecond of the Unix epoch until which those count.
    pub(crate) foreign_until: String,
}

impl WindowNames {
    fn new(tier: &str, seconds: u32) -> Self {
        let name = |attribute: &str| format!("{tier}_{seconds}_{attribute}");
        Self {
            bucket: name("bucket"),
            used: name("used"),
            past: name("past"),
            foreign: name("foreign"),
            foreign_until: name("foreign_until"),
        }
    }
}

/// The state of a window.
#[derive(Debug, Clone)]
pub(crate) struct WindowState {
    pub(crate) names: WindowNames,
    pub(crate) window: RateWindow,
    /// The current bucket and its requests. None before the first request.
    pub(crate) current: Option<(i64, u32)>,
    past: Vec<u32>,
    foreign: u32,
    foreign_until: i64,
}

/// A window as it is at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowAt {
    /// The bucket of that time.
    pub(crate) bucket: i64,
    /// The requests of that bucket.
    pub(crate) used: u32,
    /// The requests of the buckets before it, the latest first.
    pub(crate) past: Vec<u32>,
    /// How many requests the bucket may hold.
    pub(crate) room: u32,
}

impl WindowAt {
    /// The value of the attribute.
    pub(crate) fn past_text(&self) -> String {
        let counts: Vec<String> = self.past.iter().map(u32::to_string).collect();
        counts.join(",")
    }
}

impl WindowState {
    /// Reads the attributes of a window.
    pub(crate) fn read(item: &Item, tier: &str, window: RateWindow) -> Result<Self, Error> {
        let names = WindowNames::new(tier, window.seconds);
        let reader = ItemReader(item);
        let past = reader.maybe_text(&names.past).unwrap_or_default();
        let past = past.split(',').filter(|count| !count.is_empty()).map(str::parse);
        let past = past.collect::<Result<Vec<u32>, _>>().map_err(|_| unreadable(&names.past))?;
        let bucket = reader.maybe_number(&names.bucket);
        let used = reader.maybe_number(&names.used).unwrap_or(0);
        let foreign = reader.maybe_number(&names.foreign).unwrap_or(0);
        let foreign_until = reader.maybe_number(&names.foreign_until).unwrap_or(0);
        Ok(Self { current: bucket.map(|bucket| (bucket, used)), names, window, past, foreign, foreign_until })
    }

    /// The length of a bucket in microseconds, rounded up.
    fn bucket_length(&self) -> i64 {
        let length = i64::from(self.window.seconds) * 1_000_000 + SLACK;
        (length + BUCKETS as i64 - 1) / BUCKETS as i64
    }

    pub(crate) fn bucket_of(&self, time: i64) -> i64 {
        time.div_euclid(self.bucket_length())
    }

    /// The first microsecond of a bucket.
    pub(crate) fn start_of(&self, bucket: i64) -> i64 {
        bucket.saturating_mul(self.bucket_length())
    }

    /// The earliest time at which a request can be counted: the start of the current bucket.
    pub(crate) fn earliest(&self) -> i64 {
        self.current.map_or(i64::MIN, |(bucket, _)| self.start_of(bucket))
    }

    /// The window at a time that is not before [`WindowState::earliest`].
    pub(crate) fn at(&self, time: i64) -> WindowAt {
        let bucket = self.bucket_of(time);
        let (used, mut past) = match self.current {
            Some((current, used)) if current >= bucket => (used, self.past.clone()),
            Some((current, used)) => (0, self.shifted(used, bucket - current)),
            None => (0, vec![]),
        };
        past.truncate(BUCKETS);
        while past.last() == Some(&0) {
            past.pop();
        }
        let foreign = if time < self.foreign_until { self.foreign } else { 0 };
        let room = self.window.requests.saturating_sub(sum(&past)).saturating_sub(foreign);
        WindowAt { bucket, used, past, room }
    }

    /// The counts before a bucket that is so many buckets after the current one.
    fn shifted(&self, used: u32, by: i64) -> Vec<u32> {
        let Some(gap) = usize::try_from(by - 1).ok().filter(|gap| *gap < BUCKETS) else { return vec![] };
        std::iter::repeat_n(0, gap).chain([used]).chain(self.past.iter().copied()).collect()
    }

    /// The first time after `time` at which there is room, if no other request is reserved.
    pub(crate) fn free_after(&self, time: i64) -> i64 {
        let bucket = self.bucket_of(time);
        let starts = (1..=BUCKETS as i64 + 1).map(|by| self.start_of(bucket + by));
        let candidates = starts.chain([self.foreign_until]).filter(|start| *start > time);
        let free = candidates.filter(|start| {
            let then = self.at(*start);
            then.used < then.room
        });
        free.min().unwrap_or(time + 1_000_000)
    }

    /// How many requests are left at this time, by what is reserved and what the provider reported before.
    pub(crate) fn remaining_at(&self, time: i64) -> u32 {
        let at = self.at(time.max(self.earliest()));
        at.room.saturating_sub(at.used)
    }

    /// How many requests are left at this time by what is reserved alone.
    pub(crate) fn own_remaining_at(&self, time: i64) -> u32 {
        Self { foreign: 0, ..self.clone() }.remaining_at(time)
    }
}

fn sum(counts: &[u32]) -> u32 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}
