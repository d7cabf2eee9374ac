//! A value that is fetched again once it is old. While it cannot be fetched, an old copy goes on being used.
//!
//! AWS's own caching clients do the same: "If the synchronous refresh fails, the cache returns the stale secret"
//! (Secrets Manager user guide, Java `SecretCacheConfiguration`), and they pause after a failed refresh.

use std::time::Duration;

use model::{Error, ErrorClass};
use tokio::{sync::Mutex, time::Instant};

/// How old a copy may be before it is fetched again.
const MAX_AGE: Duration = Duration::from_secs(300);

/// How old a copy may be for whoever found nothing that fits in an older one. Keeps a stranger from turning refused
/// requests into calls.
const FRESH_AGE: Duration = Duration::from_secs(5);

/// How old a copy may be while it cannot be fetched. Secrets Manager has been out of reach for hours, not for days. A
/// secret that somebody replaces in this time goes on being used here, so the limit is half of the 24 hours for which
/// a provider signs with a replaced signing secret, too.
const STALE_AGE: Duration = Duration::from_secs(12 * 3600);

/// How long a failure is remembered: each refused delivery would fetch again, and each fetch is three attempts.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// How long a failure is remembered while an old copy can be used: each attempt makes somebody wait.
const STALE_PAUSE: Duration = Duration::from_secs(30);

/// How long one fetch may take. An answer takes milliseconds; the functions have 10 seconds and more.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The same while there is a copy to fall back on.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(2);

/// The value with its age.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    held: Option<(Instant, T)>,
    failed: Option<Failure>,
}

/// The last attempt to fetch, if it failed.
#[derive(Debug)]
struct Failure {
    at: Instant,
    class: ErrorClass,
    message: String,
}

impl<T: Clone> Cache<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { held: None, failed: None }) }
    }

    /// The value, at most five minutes old, or older while it cannot be fetched.
    ///
    /// # Errors
    /// That of `fetch`. An old copy takes the place of [`ErrorClass::StorageUnavailable`] only: that the secret is
    /// deleted or access to it withdrawn is an answer, and may be meant to stop everything.
    pub(crate) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        // Held while fetching, so that concurrent callers share one call.
        let mut state = self.state.lock().await;
        if let Some(value) = state.no_older_than(MAX_AGE) {
            return Ok(value);
        }
        let stale = state.no_older_than(STALE_AGE);
        let pause = if stale.is_some() { STALE_PAUSE } else { FAILURE_PAUSE };
        match (state.refresh(pause, fetch).await, stale) {
            (Err(error), Some(stale)) if error.class == ErrorClass::StorageUnavailable => Ok(stale),
            (refreshed, _) => refreshed,
        }
    }

    /// The value, at most a few seconds old.
    ///
    /// # Errors
    /// That of `fetch`, also when it has just failed.
    pub(crate) async fn fresh<F>(&self, fetch: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut state = self.state.lock().await;
        match state.no_older_than(FRESH_AGE) {
            Some(value) => Ok(value),
            None => state.refresh(FAILURE_PAUSE, fetch).await,
        }
    }

    /// Keeps a value that was fetched or written just now.
    pub(crate) async fn put(&self, value: T) {
        self.state.lock().await.keep(value);
    }
}

impl<T: Clone> State<T> {
    fn no_older_than(&self, age: Duration) -> Option<T> {
        let (fetched_at, value) = self.held.as_ref()?;
        (fetched_at.elapsed() < age).then(|| value.clone())
    }

    fn keep(&mut self, value: T) {
        (self.held, self.failed) = (Some((Instant::now(), value)), None);
    }

    /// Fetches the value, unless that failed less than `pause` ago.
    async fn refresh<F>(&mut self, pause: Duration, fetch: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        if let Some(failure) = self.failed.as_ref().filter(|failure| failure.at.elapsed() < pause) {
            return Err(failure.again());
        }
        let timeout = if self.held.is_some() { REFRESH_TIMEOUT } else { FETCH_TIMEOUT };
        let fetched = tokio::time::timeout(timeout, fetch()).await.unwrap_or_else(|_| Err(too_late()));
        match fetched {
            Ok(value) => {
                self.keep(value.clone());
                Ok(value)
            }
            Err(error) => {
                self.failed =
                    Some(Failure { at: Instant::now(), class: error.class, message: error.message.clone() });
                if let Some((fetched_at, _)) = &self.held {
                    let age_seconds = fetched_at.elapsed().as_secs();
                    let causes = error.causes();
                    tracing::warn!(
                        metric = "StaleSecrets",
                        count = 1,
                        age_seconds,
                        causes,
                        "the secret is not refreshed"
                    );
                }
                Err(error)
            }
        }
    }
}

impl Failure {
    fn again(&self) -> Error {
        let error = Error::new(self.class, self.message.clone());
        if self.class.retryable() { error.retry_after(FAILURE_PAUSE.as_secs()) } else { error }
    }
}

fn too_late() -> Error {
    Error::new(ErrorClass::StorageUnavailable, "Landfall's secret cannot be read in time")
        .retry_after(FAILURE_PAUSE.as_secs())
}

#[cfg(test)]
mod tests;
