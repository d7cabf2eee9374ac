//! The pace at which a provider is asked, kept together with every other invocation.

use std::time::Duration;

use job_store::{JobStore, Reservation};
use model::{Error, ProviderName};
use time::OffsetDateTime;

/// How long after its moment a turn may still be used. Whoever is later takes another one, or those who were late
/// together would ask together.
const LATEST_USE: Duration = Duration::from_millis(250);

/// How long before its turn somebody asks whether the provider wants us to hold back.
pub const LOOKAHEAD: Duration = Duration::from_millis(100);

/// The longest that a provider's wish to be left alone is heeded without asking it again. Cool-offs of half an hour
/// have been seen (Abyssale's contract 1.5); a mistaken one must not stop everything for days.
pub const MAX_PAUSE: Duration = Duration::from_secs(3600);

/// One invocation's view of a provider's pace.
#[derive(Debug)]
pub struct RateLimiter<'a> {
    /// Where the line at the provider is kept.
    pub records: &'a JobStore,
    /// The provider.
    pub provider: ProviderName,
    /// Between two requests; none when nobody has to wait.
    pub interval: Option<Duration>,
    /// The longest that this invocation waits for a turn.
    pub max_wait: Duration,
    /// The end of this invocation leaves no time for an answer to a request that is sent later.
    pub latest: OffsetDateTime,
}

impl RateLimiter<'_> {
    /// Whether there are turns at all.
    pub fn is_limited(&self) -> bool {
        self.interval.is_some()
    }

    /// Takes a turn that is not before `from`, unless it would be too late for this invocation.
    pub async fn reserve(&self, from: OffsetDateTime) -> Result<Reservation, Error> {
        let latest = match self.interval {
            Some(_) => self.latest.min(OffsetDateTime::now_utc() + self.max_wait),
            None => self.latest,
        };
        match self.interval {
            _ if from > latest => Ok(Reservation::NotBefore(from)),
            Some(interval) => self.records.reserve(&self.provider, interval, from, latest).await,
            None => Ok(Reservation::At(from)),
        }
    }

    /// Takes a turn for a request that continues what has begun: it waits as long as the invocation can, since what
    /// came before would be lost.
    pub async fn reserve_until_deadline(&self, from: OffsetDateTime) -> Result<Reservation, Error> {
        match self.interval {
            _ if from > self.latest => Ok(Reservation::NotBefore(from)),
            Some(interval) => self.records.reserve(&self.provider, interval, from, self.latest).await,
            None => Ok(Reservation::At(from)),
        }
    }

    /// Waits until a turn has come. One that was missed, or that lies before the end of a hold, is changed for a
    /// later one.
    pub async fn wait_for(&self, mut turn: OffsetDateTime) -> Result<Reservation, Error> {
        loop {
            sleep_until(turn - LOOKAHEAD).await;
            let held = match self.interval {
                Some(_) => self.records.paused_until(&self.provider).await?,
                None => None,
            };
            sleep_until(turn).await;
            let now = OffsetDateTime::now_utc();
            if now > self.latest {
                return Ok(Reservation::NotBefore(now));
            }
            let missed = self.is_limited() && now - turn > LATEST_USE;
            if !missed && held.is_none_or(|until| until <= turn) {
                return Ok(Reservation::At(turn));
            }
            match self.reserve(now).await? {
                Reservation::At(later) => turn = later,
                far => return Ok(far),
            }
        }
    }

    /// Gives back a turn that is not used. What fails here costs one turn.
    pub async fn release(&self, turn: OffsetDateTime) {
        let Some(interval) = self.interval else { return };
        if let Err(error) = self.records.release_reservation(&self.provider, interval, turn).await {
            error.log("a turn at the provider is lost");
        }
    }

    /// Makes everybody leave the provider alone, since it asked for it.
    pub async fn pause_until(&self, until: OffsetDateTime) {
        if !self.is_limited() {
            return;
        }
        tracing::warn!(metric = "ProviderPauses", count = 1, provider = %self.provider, %until, "everybody holds back");
        if let Err(error) = self.records.pause_until(&self.provider, until).await {
            error.log("the others do not know that the provider wants to be left alone");
        }
    }
}

/// Returns at once when the moment is over.
pub async fn sleep_until(moment: OffsetDateTime) {
    if let Ok(left) = Duration::try_from(moment - OffsetDateTime::now_utc()) {
        tokio::time::sleep(left).await;
    }
}
