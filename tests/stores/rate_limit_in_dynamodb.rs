//! Rate-limit reservations at a provider: never closer together than the interval, for any number of clients, and
//! none left out.

use std::time::Duration;

use job_store::{JobStore, Reservation};
use model::ProviderName;
use time::OffsetDateTime;

use crate::server::start_job_table;

const INTERVAL: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);

/// A time with microseconds, which is the precision of the table.
fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a time") + Duration::from_micros(123_457)
}

fn abyssale() -> ProviderName {
    ProviderName::new("abyssale")
}

async fn reserve(job_store: &JobStore, from: OffsetDateTime) -> OffsetDateTime {
    match job_store.reserve_request(&abyssale(), INTERVAL, from, from + LONG).await.expect("an answer") {
        Reservation::Granted(reservation) => reservation,
        Reservation::RetryAt(free) => panic!("the next reservation is more than an hour away: {free}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_reservations_are_one_interval_apart() {
    let (_server, job_store) = start_job_table().await;
    let clients = (0..60).map(|_| {
        let job_store = job_store.clone();
        tokio::spawn(async move { reserve(&job_store, start()).await })
    });
    let clients: Vec<_> = clients.collect();
    let mut reservations = vec![];
    for client in clients {
        reservations.push(client.await.expect("no panic"));
    }
    reservations.sort_unstable();
    let expected: Vec<_> = (0..60).map(|place| start() + INTERVAL * place).collect();
    assert_eq!(reservations, expected);
}

#[tokio::test]
async fn unused_capacity_is_not_accumulated() {
    let (_server, job_store) = start_job_table().await;
    assert_eq!(reserve(&job_store, start()).await, start());
    let later = start() + LONG;
    assert_eq!(reserve(&job_store, later).await, later);
    assert_eq!(reserve(&job_store, later).await, later + INTERVAL);
}

#[tokio::test]
async fn a_slow_clock_gets_the_next_free_reservation() {
    let (_server, job_store) = start_job_table().await;
    let reservation = reserve(&job_store, start()).await;
    assert_eq!(reserve(&job_store, start() - Duration::from_secs(30)).await, reservation + INTERVAL);
}

#[tokio::test]
async fn a_reservation_beyond_the_deadline_is_not_taken() {
    let (_server, job_store) = start_job_table().await;
    for _ in 0..6 {
        reserve(&job_store, start()).await;
    }
    let free = start() + INTERVAL * 6;
    for _ in 0..2 {
        let reservation =
            job_store.reserve_request(&abyssale(), INTERVAL, start(), start() + INTERVAL * 5).await;
        assert_eq!(reservation.expect("an answer"), Reservation::RetryAt(free));
    }
    let reservation = job_store.reserve_request(&abyssale(), INTERVAL, start(), free).await;
    assert_eq!(reservation.expect("an answer"), Reservation::Granted(free));
}

#[tokio::test]
async fn a_reservation_is_released_only_if_it_is_the_last() {
    let (_server, job_store) = start_job_table().await;
    let first = reserve(&job_store, start()).await;
    let second = reserve(&job_store, start()).await;
    job_store.release_reservation(&abyssale(), INTERVAL, first).await.expect("an answer");
    assert_eq!(reserve(&job_store, start()).await, second + INTERVAL);
    job_store.release_reservation(&abyssale(), INTERVAL, second + INTERVAL).await.expect("an answer");
    assert_eq!(reserve(&job_store, start()).await, second + INTERVAL);
}

#[tokio::test]
async fn reservations_start_after_the_pause() {
    let (_server, job_store) = start_job_table().await;
    assert_eq!(job_store.paused_until(&abyssale()).await.expect("an answer"), None);
    reserve(&job_store, start()).await;
    let until = start() + Duration::from_secs(27);
    job_store.pause_until(&abyssale(), until).await.expect("an answer");
    job_store.pause_until(&abyssale(), until - Duration::from_secs(9)).await.expect("an answer");
    assert_eq!(job_store.paused_until(&abyssale()).await.expect("an answer"), Some(until));
    assert_eq!(reserve(&job_store, start()).await, until);
    assert_eq!(reserve(&job_store, start()).await, until + INTERVAL);
}

#[tokio::test]
async fn a_pause_shorter_than_the_queue_changes_no_reservation() {
    let (_server, job_store) = start_job_table().await;
    for _ in 0..10 {
        reserve(&job_store, start()).await;
    }
    job_store.pause_until(&abyssale(), start() + INTERVAL).await.expect("an answer");
    assert_eq!(reserve(&job_store, start()).await, start() + INTERVAL * 10);
}

#[tokio::test]
async fn each_provider_has_its_own_rate_limit() {
    let (_server, job_store) = start_job_table().await;
    reserve(&job_store, start()).await;
    let other = ProviderName::new("another");
    let reservation =
        job_store.reserve_request(&other, INTERVAL, start(), start() + LONG).await.expect("an answer");
    assert_eq!(reservation, Reservation::Granted(start()));
}
