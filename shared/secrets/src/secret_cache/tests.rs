//! A cached secret while its service responds, fails and does not respond, in virtual time.

use std::{
    cell::{Cell, RefCell},
    future::pending,
};

use futures_util::future::join_all;

use super::*;

/// The scripted result of a fetch.
#[derive(Clone, Copy)]
enum FetchResult {
    Value(u32),
    Fails(ErrorClass),
    Never,
}

use FetchResult::{Fails, Never, Value};

const OUTAGE: FetchResult = Fails(ErrorClass::StorageUnavailable);

/// A cache, and a service with scripted results whose calls are counted.
struct ScriptedSecret {
    cache: SecretCache<u32>,
    result: RefCell<FetchResult>,
    calls: Cell<u32>,
}

impl ScriptedSecret {
    fn new(result: FetchResult) -> Self {
        Self { cache: SecretCache::new(), result: RefCell::new(result), calls: Cell::new(0) }
    }

    fn set_result(&self, result: FetchResult) {
        *self.result.borrow_mut() = result;
    }

    async fn fetch(&self) -> Result<u32, Error> {
        self.calls.set(self.calls.get() + 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let result = *self.result.borrow();
        match result {
            Value(value) => Ok(value),
            Fails(class) => Err(Error::new(class, "scripted")),
            Never => pending().await,
        }
    }

    async fn get(&self) -> Result<u32, ErrorClass> {
        self.cache.get(|| self.fetch()).await.map_err(|error| error.class)
    }

    async fn get_fresh(&self) -> Result<u32, ErrorClass> {
        self.cache.get_fresh(|| self.fetch()).await.map_err(|error| error.class)
    }

    /// The number of calls to the service since the last time, which resets it.
    fn take_calls(&self) -> u32 {
        self.calls.take()
    }
}

async fn advance_clock(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_value_is_cached_for_five_minutes_and_refreshed_by_one_call_for_many_requests() {
    let secret = ScriptedSecret::new(Value(1));
    assert_eq!(join_all((0..10).map(|_| secret.get())).await, vec![Ok(1); 10]);
    advance_clock(299).await;
    assert_eq!((secret.get().await, secret.take_calls()), (Ok(1), 1));
    secret.set_result(Value(2));
    advance_clock(2).await;
    assert_eq!(join_all((0..10).map(|_| secret.get())).await, vec![Ok(2); 10]);
    assert_eq!(secret.take_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_used_during_an_outage_and_refreshed_every_half_minute() {
    let secret = ScriptedSecret::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.set_result(OUTAGE);
    advance_clock(301).await;
    secret.take_calls();
    for _ in 0..60 {
        assert_eq!(secret.get().await, Ok(1));
        advance_clock(1).await;
    }
    assert_eq!(secret.take_calls(), 2);
    secret.set_result(Value(2));
    advance_clock(30).await;
    assert_eq!(secret.get().await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_expires_after_twelve_hours() {
    let secret = ScriptedSecret::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.set_result(OUTAGE);
    advance_clock(12 * 3600 - 60).await;
    assert_eq!(secret.get().await, Ok(1));
    advance_clock(61).await;
    assert_eq!(secret.get().await, Err(ErrorClass::StorageUnavailable));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_responds_delays_a_request_by_seconds_only() {
    let secret = ScriptedSecret::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.set_result(Never);
    advance_clock(301).await;
    let began = Instant::now();
    assert_eq!((secret.get().await, secret.get().await), (Ok(1), Ok(1)));
    assert!(began.elapsed() <= Duration::from_millis(2100), "{:?}", began.elapsed());
    let cold = ScriptedSecret::new(Never);
    let began = Instant::now();
    assert_eq!(cold.get().await, Err(ErrorClass::StorageUnavailable));
    assert!(began.elapsed() <= Duration::from_millis(5100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_a_cached_value_a_failure_is_cached_for_a_second() {
    let secret = ScriptedSecret::new(OUTAGE);
    for _ in 0..20 {
        assert_eq!(secret.get().await, Err(ErrorClass::StorageUnavailable));
    }
    assert_eq!(secret.take_calls(), 1);
    secret.set_result(Value(1));
    advance_clock(1).await;
    assert_eq!(secret.get().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_fresh_value_is_never_stale_and_many_requests_fetch_once_a_second() {
    let secret = ScriptedSecret::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.set_result(OUTAGE);
    advance_clock(4).await;
    assert_eq!(secret.get_fresh().await, Ok(1), "it is fresh enough");
    advance_clock(2).await;
    secret.take_calls();
    for _ in 0..50 {
        assert_eq!(secret.get_fresh().await, Err(ErrorClass::StorageUnavailable));
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    assert!((4..=6).contains(&secret.take_calls()));
    assert_eq!(secret.get().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_or_denied_secret_is_not_used_from_the_cache() {
    let secret = ScriptedSecret::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.set_result(Fails(ErrorClass::Misconfigured));
    advance_clock(301).await;
    assert_eq!(secret.get().await, Err(ErrorClass::Misconfigured));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_just_written_is_used_at_once() {
    let secret = ScriptedSecret::new(OUTAGE);
    assert!(secret.get().await.is_err());
    secret.cache.put(7).await;
    assert_eq!(secret.get().await, Ok(7));
}
