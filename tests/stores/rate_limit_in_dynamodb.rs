//! Rate-limit reservations at a provider: never closer together than the interval, for any number of clients, and
//! none left out.

use std::time::Duration;

use job_store::{JobStore, Reservation};
use model::ProviderName;
use time::OffsetDateTime;

use crate::server::table;

const INTERVAL: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);

/// A time with microseconds, which is the precision of the table.
fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a time") + Duration::from_micros(123_457)
}

fn abyssale() -> ProviderName {
    ProviderName::new("abyssale")
}

async fn take(records: &JobStore, from: OffsetDateTime) -> OffsetDateTime {
    match records.reserve(&abyssale(), INTERVAL, from, from + LONG).await.expect("an answer") {
        Reservation::At(turn) => turn,
        Reservation::NotBefore(free) => panic!("the next reservation is more than an hour away: {free}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_reservations_are_one_interval_apart() {
    let (_server, records) = table().await;
    let takers = (0..60).map(|_| {
        let records = records.clone();
        tokio::spawn(async move { take(&records, start()).await })
    });
    let takers: Vec<_> = takers.collect();
    let mut turns = vec![];
    for taker in takers {
        turns.push(taker.await.expect("no panic"));
    }
    turns.sort_unstable();
    let expected: Vec<_> = (0..60).map(|place| start() + INTERVAL * place).collect();
    assert_eq!(turns, expected);
}

#[tokio::test]
async fn unused_capacity_is_not_accumulated() {
    let (_server, records) = table().await;
    assert_eq!(take(&records, start()).await, start());
    let later = start() + LONG;
    assert_eq!(take(&records, later).await, later);
    assert_eq!(take(&records, later).await, later + INTERVAL);
}

#[tokio::test]
async fn a_slow_clock_gets_the_next_free_reservation() {
    let (_server, records) = table().await;
    let turn = take(&records, start()).await;
    assert_eq!(take(&records, start() - Duration::from_secs(30)).await, turn + INTERVAL);
}

#[tokio::test]
async fn a_reservation_beyond_the_deadline_is_not_taken() {
    let (_server, records) = table().await;
    for _ in 0..6 {
        take(&records, start()).await;
    }
    let free = start() + INTERVAL * 6;
    for _ in 0..2 {
        let turn = records.reserve(&abyssale(), INTERVAL, start(), start() + INTERVAL * 5).await;
        assert_eq!(turn.expect("an answer"), Reservation::NotBefore(free));
    }
    let turn = records.reserve(&abyssale(), INTERVAL, start(), free).await;
    assert_eq!(turn.expect("an answer"), Reservation::At(free));
}

#[tokio::test]
async fn a_reservation_is_released_only_if_it_is_the_last() {
    let (_server, records) = table().await;
    let first = take(&records, start()).await;
    let second = take(&records, start()).await;
    records.release_reservation(&abyssale(), INTERVAL, first).await.expect("an answer");
    assert_eq!(take(&records, start()).await, second + INTERVAL);
    records.release_reservation(&abyssale(), INTERVAL, second + INTERVAL).await.expect("an answer");
    assert_eq!(take(&records, start()).await, second + INTERVAL);
}

#[tokio::test]
async fn reservations_start_after_the_pause() {
    let (_server, records) = table().await;
    assert_eq!(records.paused_until(&abyssale()).await.expect("an answer"), None);
    take(&records, start()).await;
    let until = start() + Duration::from_secs(27);
    records.pause_until(&abyssale(), until).await.expect("an answer");
    records.pause_until(&abyssale(), until - Duration::from_secs(9)).await.expect("an answer");
    assert_eq!(records.paused_until(&abyssale()).await.expect("an answer"), Some(until));
    assert_eq!(take(&records, start()).await, until);
    assert_eq!(take(&records, start()).await, until + INTERVAL);
}

#[tokio::test]
async fn a_pause_shorter_than_the_queue_changes_no_reservation() {
    let (_server, records) = table().await;
    for _ in 0..10 {
        take(&records, start()).await;
    }
    records.pause_until(&abyssale(), start() + INTERVAL).await.expect("an answer");
    assert_eq!(take(&records, start()).await, start() + INTERVAL * 10);
}

#[tokio::test]
async fn each_provider_has_its_own_rate_limit() {
    let (_server, records) = table().await;
    take(&records, start()).await;
    let other = ProviderName::new("another");
    let turn = records.reserve(&other, INTERVAL, start(), start() + LONG).await.expect("an answer");
    assert_eq!(turn, Reservation::At(start()));
}
