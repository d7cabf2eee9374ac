//! A cache of one value with a maximum age. While the value cannot be fetched, a stale copy is used.
//!
//! AWS's own caching clients do the same: "If the synchronous refresh fails, the cache returns the stale secret"
//! (Secrets Manager user guide, Java `SecretCacheConfiguration`), and they pause after a failed refresh.

use std::time::Duration;

use model::{Error, ErrorClass};
use tokio::{sync::Mutex, time::Instant};

/// How old the cached value may be before it is fetched again.
const MAX_AGE: Duration = Duration::from_secs(300);

/// How old the cached value may be for a request that found no match in an older one. It limits the calls that an
/// unauthenticated client can cause.
const MAX_FRESH_AGE: Duration = Duration::from_secs(5);

/// How old the cached value may be while it cannot be fetched. Outages of Secrets Manager have lasted hours, not days. A
/// secret that is replaced in this time stays in use here, so the limit is half of the 24 hours for which a provider also
/// signs with a replaced signing secret.
const MAX_STALE_AGE: Duration = Duration::from_secs(12 * 3600);

/// How long a failure is cached: each rejected delivery would fetch again, and each fetch is three attempts.
const FAILURE_TTL: Duration = Duration::from_secs(1);

/// How long a failure is cached while a stale value can be used: each attempt delays a request.
const STALE_FAILURE_TTL: Duration = Duration::from_secs(30);

/// The timeout of a fetch. A response takes milliseconds; the functions have 10 seconds and more.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The timeout of a fetch while there is a cached value to fall back on.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(2);

/// A cache of one value.
#[derive(Debug)]
pub(crate) struct SecretCache<T> {
    state: Mutex<CacheState<T>>,
}

#[derive(Debug)]
struct CacheState<T> {
    value: Option<(Instant, T)>,
    failure: Option<FetchFailure>,
}

/// The last fetch, which failed.
#[derive(Debug)]
struct FetchFailure {
    at: Instant,
    class: ErrorClass,
    message: String,
}

impl<T: Clone> SecretCache<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(CacheState { value: None, failure: None }) }
    }

    /// Returns the value, at most five minutes old, or older while it cannot be fetched.
    ///
    /// # Errors
    /// That of `fetch`. A stale value is used only after [`ErrorClass::StorageUnavailable`]. That the secret was deleted
    /// or access to it revoked is a valid response, and may be meant to stop all work.
    pub(crate) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        // The lock is held during the fetch, so that concurrent requests share one call.
        let mut state = self.state.lock().await;
        if let Some(value) = state.value_no_older_than(MAX_AGE) {
            return Ok(value);
        }
        let stale = state.value_no_older_than(MAX_STALE_AGE);
        let failure_ttl = if stale.is_some() { STALE_FAILURE_TTL } else { FAILURE_TTL };
        match (state.refresh(failure_ttl, fetch).await, stale) {
            (Err(error), Some(stale)) if error.class == ErrorClass::StorageUnavailable => Ok(stale),
            (refreshed, _) => refreshed,
        }
    }

    /// Returns the value, at most a few seconds old.
    ///
    /// # Errors
    /// That of `fetch`, also when it has just failed.
    pub(crate) async fn get_fresh<F>(&self, fetch: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut state = self.state.lock().await;
        match state.value_no_older_than(MAX_FRESH_AGE) {
            Some(value) => Ok(value),
            None => state.refresh(FAILURE_TTL, fetch).await,
        }
    }

    /// Stores a value that was fetched or written just now.
    pub(crate) async fn put(&self, value: T) {
        self.state.lock().await.store(value);
    }
}

impl<T: Clone> CacheState<T> {
    fn value_no_older_than(&self, age: Duration) -> Option<T> {
        let (fetched_at, value) = self.value.as_ref()?;
        (fetched_at.elapsed() < age).then(|| value.clone())
    }

    fn store(&mut self, value: T) {
        (self.value, self.failure) = (Some((Instant::now(), value)), None);
    }

    /// Fetches the value, unless a fetch failed less than `failure_ttl` ago.
    async fn refresh<F>(&mut self, failure_ttl: Duration, fetch: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        if let Some(failure) = self.failure.as_ref().filter(|failure| failure.at.elapsed() < failure_ttl) {
            return Err(failure.to_error());
        }
        let timeout = if self.value.is_some() { REFRESH_TIMEOUT } else { FETCH_TIMEOUT };
        let fetched = tokio::time::timeout(timeout, fetch()).await.unwrap_or_else(|_| Err(fetch_timeout()));
        match fetched {
            Ok(value) => {
                self.store(value.clone());
                Ok(value)
            }
            Err(error) => {
                self.failure = Some(FetchFailure {
                    at: Instant::now(),
                    class: error.class,
                    message: error.message.clone(),
                });
                if let Some((fetched_at, _)) = &self.value {
                    let age_seconds = fetched_at.elapsed().as_secs();
                    let causes = error.cause_chain();
                    tracing::warn!(
                        metric = "StaleSecrets",
                        count = 1,
                        age_seconds,
                        causes,
                        "secret not refreshed"
                    );
                }
                Err(error)
            }
        }
    }
}

impl FetchFailure {
    fn to_error(&self) -> Error {
        let error = Error::new(self.class, self.message.clone());
        if self.class.is_retryable() { error.with_retry_after(FAILURE_TTL.as_secs()) } else { error }
    }
}

fn fetch_timeout() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "Landfall's secret could not be read in time")
        .with_retry_after(FAILURE_TTL.as_secs())
}

#[cfg(test)]
mod tests;
