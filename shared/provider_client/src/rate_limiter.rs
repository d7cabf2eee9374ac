//! The rate limiter of requests to a provider. All invocations share its state.

use std::time::Duration;

use job_store::{JobStore, Reservation};
use model::{Error, ProviderName};
use time::OffsetDateTime;

/// How long after its time a reservation may still be used. A later invocation makes a new reservation, so that several
/// late ones do not send their requests together.
const MAX_RESERVATION_AGE: Duration = Duration::from_millis(250);

/// How long before the time of a reservation the limiter checks whether requests are paused.
pub const PAUSE_CHECK_LOOKAHEAD: Duration = Duration::from_millis(100);

/// The maximum pause that a provider can ask for. Pauses of half an hour have been seen (Abyssale's contract 1.5). A
/// mistaken one must not stop all requests for days.
pub const MAX_PAUSE: Duration = Duration::from_secs(3600);

/// One invocation's access to the rate limiter of a provider.
#[derive(Debug)]
pub struct RateLimiter<'a> {
    /// The store of the shared state.
    pub job_store: &'a JobStore,
    /// The provider.
    pub provider: ProviderName,
    /// The minimum time between two requests. None when requests are not limited.
    pub interval: Option<Duration>,
    /// How long this invocation waits for a reservation at most.
    pub max_wait: Duration,
    /// The latest time at which this invocation can send a request and still get its response.
    pub latest_send_time: OffsetDateTime,
}

impl RateLimiter<'_> {
    /// Whether requests are limited.
    pub fn is_limited(&self) -> bool {
        self.interval.is_some()
    }

    /// Reserves a time for a request, not before `from`, unless this invocation would have to wait too long.
    pub async fn reserve(&self, from: OffsetDateTime) -> Result<Reservation, Error> {
        let latest = match self.interval {
            Some(_) => self.latest_send_time.min(OffsetDateTime::now_utc() + self.max_wait),
            None => self.latest_send_time,
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
        match self.interval {
            _ if from > latest => Ok(Reservation::RetryAt(from)),
            Some(interval) => self.job_store.reserve_request(&self.provider, interval, from, latest).await,
            None => Ok(Reservation::Granted(from)),
        }
    }

    /// Waits until the time of a reservation. A reservation that was missed, or that lies within a pause, is replaced
    /// by a later one.
    pub async fn wait_for(&self, mut reserved: OffsetDateTime) -> Result<Reservation, Error> {
        loop {
            sleep_until(reserved - PAUSE_CHECK_LOOKAHEAD).await;
            let paused_until = match self.interval {
                Some(_) => self.job_store.paused_until(&self.provider).await?,
                None => None,
            };
            sleep_until(reserved).await;
            let now = OffsetDateTime::now_utc();
            if now > self.latest_send_time {
                return Ok(Reservation::RetryAt(now));
            }
            let is_missed = self.is_limited() && now - reserved > MAX_RESERVATION_AGE;
            if !is_missed && paused_until.is_none_or(|until| until <= reserved) {
                return Ok(Reservation::Granted(reserved));
            }
            match self.reserve(now).await? {
                Reservation::Granted(later) => reserved = later,
                too_late => return Ok(too_late),
            }
        }
    }

    /// Releases a reservation that is not used. A failure costs one reservation.
    pub async fn release(&self, reserved: OffsetDateTime) {
        let Some(interval) = self.interval else { return };
        if let Err(error) = self.job_store.release_reservation(&self.provider, interval, reserved).await {
            error.log("rate limiter reservation not released");
        }
    }

    /// Pauses the requests of all invocations, as the provider asked for.
    pub async fn pause_until(&self, until: OffsetDateTime) {
        if !self.is_limited() {
            return;
        }
        tracing::warn!(metric = "ProviderPauses", count = 1, provider = %self.provider, %until, "requests paused");
        if let Err(error) = self.job_store.pause_until(&self.provider, until).await {
            error.log("pause not stored; other invocations continue to send requests");
        }
    }
}

/// Sleeps until a time. Returns at once when it has passed.
pub async fn sleep_until(time: OffsetDateTime) {
    if let Ok(left) = Duration::try_from(time - OffsetDateTime::now_utc()) {
        tokio::time::sleep(left).await;
    }
}
