//! The rate limiter of requests to a provider. All invocations share its state.

use std::time::Duration;

use bytes::Bytes;
use job_store::{JobStore, PauseScope, RateLimit, ReportedQuota};
use model::{Error, ErrorClass, ProviderName, RateLimits, RateTier};
use providers::{RequestTier, SendResult, parse_rate_quota};
use time::OffsetDateTime;

/// How long after its time a reservation may still be used. A later invocation makes a new reservation, so that several
/// late ones do not send their requests together.
const MAX_RESERVATION_AGE: Duration = Duration::from_millis(250);

/// How long before the time of a reservation the limiter checks whether requests are paused.
pub const PAUSE_CHECK_LOOKAHEAD: Duration = Duration::from_millis(100);

/// The maximum pause that a provider can ask for. Pauses of half an hour have been seen (Abyssale's contract 1.5). A
/// mistaken one must not stop a tier for days.
pub const MAX_PAUSE: Duration = Duration::from_secs(3600);

/// The maximum pause of all requests after a 429 without `Retry-After`. It is the ceiling's, which is over in a second
/// (Abyssale's contract 1.5).
const MAX_CEILING_PAUSE: Duration = Duration::from_secs(5);

/// The time at which a request is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservedTime {
    /// The time.
    pub at: OffsetDateTime,
    /// Whether it is reserved. If not, the tier of the request has no room before, and the reservation is made at that
    /// time: until then it would take the ceiling from other requests.
    pub is_held: bool,
    /// Whether the pauses were read shortly before that time.
    is_checked: bool,
}

/// The outcome of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The request may be sent at this time, after [`RateLimiter::wait_for`].
    Granted(ReservedTime),
    /// This invocation cannot wait for the next free time, which this is.
    RetryAt(OffsetDateTime),
}

/// One invocation's access to the rate limiter of a provider, for the requests of one tier.
#[derive(Debug, Clone)]
pub struct RateLimiter<'a> {
    /// The store of the shared state.
    pub job_store: &'a JobStore,
    /// The provider.
    pub provider: ProviderName,
    /// Its limits. None when requests are not limited.
    pub limits: Option<&'a RateLimits>,
    /// The tier of the requests. None for those that count only against the ceiling.
    pub tier: Option<&'a RateTier>,
    /// How long this invocation waits for a reservation at most.
    pub max_wait: Duration,
    /// The latest time at which this invocation can send a request and still get its response.
    pub latest_send_time: OffsetDateTime,
}

impl<'a> RateLimiter<'a> {
    /// The limiter for the tier with this name.
    pub fn with_tier(&self, tier: Option<RequestTier>) -> RateLimiter<'a> {
        let tier = tier.and_then(|tier| self.limits?.tier(tier.0));
        RateLimiter { tier, ..self.clone() }
    }

    /// The limiter for the tier of a request.
    pub fn for_request(&self, request: &http::Request<Bytes>) -> RateLimiter<'a> {
        self.with_tier(request.extensions().get().copied())
    }

    /// Whether requests are limited.
    pub fn is_limited(&self) -> bool {
        self.interval().is_some() || self.tier.is_some_and(|tier| !tier.windows.is_empty())
    }

    /// Reserves a time for a request, not before `from`, unless this invocation would have to wait too long.
    pub async fn reserve(&self, from: OffsetDateTime) -> Result<Reservation, Error> {
        let latest = match self.is_limited() {
            true => self.latest_send_time.min(OffsetDateTime::now_utc() + self.max_wait),
            false => self.latest_send_time,
        };
        self.reserve_before(from, latest).await
    }

    /// Reserves a time for a request that continues earlier ones. It waits as long as the invocation can, since the
    /// earlier requests would be lost.
    pub async fn reserve_until_deadline(&self, from: OffsetDateTime) -> Result<Reservation, Error> {
        self.reserve_before(from, self.latest_send_time).await
    }

    async fn reserve_before(
        &self,
        from: OffsetDateTime,
        latest: OffsetDateTime,
    ) -> Result<Reservation, Error> {
        let granted =
            |at, is_held, is_checked| Ok(Reservation::Granted(ReservedTime { at, is_held, is_checked }));
        if from > latest {
            return Ok(Reservation::RetryAt(from));
        }
        if !self.is_limited() {
            return granted(from, true, true);
        }
        let now = OffsetDateTime::now_utc();
        if from > now + PAUSE_CHECK_LOOKAHEAD {
            return granted(from, false, false);
        }
        match self.job_store.reserve_request(self.limit(), from, latest).await? {
            job_store::Reservation::Granted(at) => granted(at, true, at <= now + PAUSE_CHECK_LOOKAHEAD),
            job_store::Reservation::RetryAt(at) if at <= latest => granted(at, false, false),
            job_store::Reservation::RetryAt(at) => Ok(Reservation::RetryAt(at)),
        }
    }

    /// Waits until shortly before the time, and makes the reservation if it is not held yet.
    pub async fn approach(&self, mut reserved: ReservedTime) -> Result<Reservation, Error> {
        loop {
            sleep_until(reserved.at - PAUSE_CHECK_LOOKAHEAD).await;
            if reserved.is_held {
                return Ok(Reservation::Granted(reserved));
            }
            match self.reserve(OffsetDateTime::now_utc().max(reserved.at)).await? {
                Reservation::Granted(later) => reserved = later,
                too_late => return Ok(too_late),
            }
        }
    }

    /// Waits until the time of a reservation. A reservation that was missed, or that lies within a pause, is replaced
    /// by a later one.
    pub async fn wait_for(&self, mut reserved: ReservedTime) -> Result<Reservation, Error> {
        loop {
            reserved = match self.approach(reserved).await? {
                Reservation::Granted(reserved) => reserved,
                too_late => return Ok(too_late),
            };
            let paused_until = match reserved.is_checked {
                true => None,
                false => self.job_store.paused_until(self.limit()).await?,
            };
            sleep_until(reserved.at).await;
            let now = OffsetDateTime::now_utc();
            if now > self.latest_send_time {
                self.release(reserved).await;
                return Ok(Reservation::RetryAt(now));
            }
            let is_missed = self.is_limited() && now - reserved.at > MAX_RESERVATION_AGE;
            if !is_missed && paused_until.is_none_or(|until| until <= reserved.at) {
                return Ok(Reservation::Granted(reserved));
            }
            self.release(reserved).await;
            match self.reserve(now).await? {
                Reservation::Granted(later) => reserved = later,
                too_late => return Ok(too_late),
            }
        }
    }

    /// Releases a reservation that is not used. A failure costs one reservation.
    pub async fn release(&self, reserved: ReservedTime) {
        if !self.is_limited() || !reserved.is_held {
            return;
        }
        if let Err(error) = self.job_store.release_reservation(self.limit(), reserved.at).await {
            error.log("rate limiter reservation not released");
        }
    }

    /// Pauses the requests of all invocations that a throttled response concerns: those of the tier if it has a
    /// `Retry-After` (Abyssale's contract 13.4), else all for a moment, since the ceiling was exceeded. A provider without
    /// tiers pauses for as long as `wait`.
    pub async fn pause_after(&self, error: &Error, wait: Duration, has_retry_after: bool) {
        if error.class != ErrorClass::ProviderThrottled || !self.is_limited() {
            return;
        }
        let has_tiers = self.limits.is_some_and(|limits| !limits.tiers.is_empty());
        let (wait, scope) = match has_retry_after || !has_tiers {
            true => (wait.min(MAX_PAUSE), PauseScope::Tier),
            false => (wait.min(MAX_CEILING_PAUSE), PauseScope::Provider),
        };
        let until = OffsetDateTime::now_utc() + wait;
        self.log_pause(until, scope);
        if let Err(error) = self.job_store.pause_until(self.limit(), until, scope).await {
            error.log("pause not stored; other invocations continue to send requests");
        }
    }

    /// Counts the requests of other programs with the same account, if a response says that less is left of the tier's
    /// budget than Landfall expects.
    ///
    /// Nothing is read while more than half of a budget that is as expected is left, and nothing is written unless the
    /// response is news.
    pub async fn learn_from(&self, result: &SendResult) {
        let (Some(tier), Ok(response)) = (self.tier.filter(|tier| !tier.windows.is_empty()), result) else {
            return;
        };
        let Some(quota) = parse_rate_quota(response) else { return };
        let is_expected = tier.windows.iter().any(|window| window.requests <= quota.limit);
        if is_expected && quota.remaining > quota.limit / 2 {
            return;
        }
        let reported = ReportedQuota { limit: quota.limit, remaining: quota.remaining, reset: quota.reset };
        match self.job_store.adopt_reported_quota(self.limit(), reported, OffsetDateTime::now_utc()).await {
            Ok(Some(0)) => self.log_pause(quota.reset, PauseScope::Tier),
            Ok(Some(remaining)) => tracing::info!(
                provider = %self.provider, tier = tier.name, remaining, limit = quota.limit,
                "less is left of a budget than expected; another program uses it"
            ),
            Ok(None) => {}
            Err(error) => error.log("the reported budget is not stored"),
        }
    }

    fn log_pause(&self, until: OffsetDateTime, scope: PauseScope) {
        let tier = match scope {
            PauseScope::Tier => tier_name(self.tier),
            PauseScope::Provider => "all",
        };
        tracing::warn!(metric = "ProviderPauses", count = 1, provider = %self.provider, tier, %until, "requests paused");
    }

    fn interval(&self) -> Option<Duration> {
        self.limits.and_then(RateLimits::interval)
    }

    fn limit(&self) -> RateLimit<'_> {
        let interval = self.interval().unwrap_or(Duration::ZERO);
        RateLimit { provider: &self.provider, interval, tier: self.tier }
    }
}

/// The name of a tier in the log.
pub(crate) fn tier_name(tier: Option<&RateTier>) -> &'static str {
    tier.map_or("none", |tier| tier.name)
}

/// Sleeps until a time. Returns at once when it has passed.
pub async fn sleep_until(time: OffsetDateTime) {
    if let Ok(left) = Duration::try_from(time - OffsetDateTime::now_utc()) {
        tokio::time::sleep(left).await;
    }
}
