//! What a cached secret comes to while its service answers, fails and stays silent, in virtual time.

use std::{
    cell::{Cell, RefCell},
    future::pending,
};

use futures_util::future::join_all;

use super::*;

/// What a fetch comes to.
#[derive(Clone, Copy)]
enum Answer {
    Value(u32),
    Fails(ErrorClass),
    Never,
}

use Answer::{Fails, Never, Value};

const OUTAGE: Answer = Fails(ErrorClass::StorageUnavailable);

/// A cache, and a service behind it whose calls are counted.
struct Scripted {
    cache: Cache<u32>,
    answer: RefCell<Answer>,
    calls: Cell<u32>,
}

impl Scripted {
    fn new(answer: Answer) -> Self {
        Self { cache: Cache::new(), answer: RefCell::new(answer), calls: Cell::new(0) }
    }

    fn answers(&self, answer: Answer) {
        *self.answer.borrow_mut() = answer;
    }

    async fn fetch(&self) -> Result<u32, Error> {
        self.calls.set(self.calls.get() + 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let answer = *self.answer.borrow();
        match answer {
            Value(value) => Ok(value),
            Fails(class) => Err(Error::new(class, "scripted")),
            Never => pending().await,
        }
    }

    async fn get(&self) -> Result<u32, ErrorClass> {
        self.cache.get(|| self.fetch()).await.map_err(|error| error.class)
    }

    async fn fresh(&self) -> Result<u32, ErrorClass> {
        self.cache.fresh(|| self.fetch()).await.map_err(|error| error.class)
    }

    /// How often the service was called since this was asked last.
    fn called(&self) -> u32 {
        self.calls.take()
    }
}

async fn passes(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_used_for_five_minutes_and_refreshed_by_one_of_many() {
    let secret = Scripted::new(Value(1));
    assert_eq!(join_all((0..10).map(|_| secret.get())).await, vec![Ok(1); 10]);
    passes(299).await;
    assert_eq!((secret.get().await, secret.called()), (Ok(1), 1));
    secret.answers(Value(2));
    passes(2).await;
    assert_eq!(join_all((0..10).map(|_| secret.get())).await, vec![Ok(2); 10]);
    assert_eq!(secret.called(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_is_used_during_an_outage_and_asked_for_again_every_half_minute() {
    let secret = Scripted::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.answers(OUTAGE);
    passes(301).await;
    secret.called();
    for _ in 0..60 {
        assert_eq!(secret.get().await, Ok(1));
        passes(1).await;
    }
    assert_eq!(secret.called(), 2);
    secret.answers(Value(2));
    passes(30).await;
    assert_eq!(secret.get().await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_ends_after_twelve_hours() {
    let secret = Scripted::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.answers(OUTAGE);
    passes(12 * 3600 - 60).await;
    assert_eq!(secret.get().await, Ok(1));
    passes(61).await;
    assert_eq!(secret.get().await, Err(ErrorClass::StorageUnavailable));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_makes_nobody_wait_long() {
    let secret = Scripted::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.answers(Never);
    passes(301).await;
    let began = Instant::now();
    assert_eq!((secret.get().await, secret.get().await), (Ok(1), Ok(1)));
    assert!(began.elapsed() <= Duration::from_millis(2100), "{:?}", began.elapsed());
    let cold = Scripted::new(Never);
    let began = Instant::now();
    assert_eq!(cold.get().await, Err(ErrorClass::StorageUnavailable));
    assert!(began.elapsed() <= Duration::from_millis(5100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_remembered_for_a_second_without_a_copy() {
    let secret = Scripted::new(OUTAGE);
    for _ in 0..20 {
        assert_eq!(secret.get().await, Err(ErrorClass::StorageUnavailable));
    }
    assert_eq!(secret.called(), 1);
    secret.answers(Value(1));
    passes(1).await;
    assert_eq!(secret.get().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_fresh_copy_is_not_an_old_one_and_a_flood_fetches_once_a_second() {
    let secret = Scripted::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.answers(OUTAGE);
    passes(4).await;
    assert_eq!(secret.fresh().await, Ok(1), "it is fresh enough");
    passes(2).await;
    secret.called();
    for _ in 0..50 {
        assert_eq!(secret.fresh().await, Err(ErrorClass::StorageUnavailable));
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    assert!((4..=6).contains(&secret.called()));
    assert_eq!(secret.get().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_deleted_or_denied_is_not_used_on() {
    let secret = Scripted::new(Value(1));
    assert_eq!(secret.get().await, Ok(1));
    secret.answers(Fails(ErrorClass::Misconfigured));
    passes(301).await;
    assert_eq!(secret.get().await, Err(ErrorClass::Misconfigured));
}

#[tokio::test(start_paused = true)]
async fn what_was_just_written_is_used_at_once() {
    let secret = Scripted::new(OUTAGE);
    assert!(secret.get().await.is_err());
    secret.cache.put(7).await;
    assert_eq!(secret.get().await, Ok(7));
}
