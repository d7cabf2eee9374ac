//! Rate-limit reservations at a provider: never closer together than the interval and never more than a tier's budgets,
//! for any number of clients, and none left out.

use std::{sync::LazyLock, time::Duration};

use harness::cloud::Service;
use job_store::{JobStore, PauseScope, RateLimit, ReportedQuota, Reservation};
use model::{ProviderName, RateTier, RateWindow};
use proptest::prelude::*;
use time::OffsetDateTime;

use crate::server::{Server, create_job_table, start_job_table};

const INTERVAL: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);

/// A time with microseconds, which is the precision of the table.
fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a time") + Duration::from_micros(123_457)
}

static ABYSSALE: LazyLock<ProviderName> = LazyLock::new(|| ProviderName::new("abyssale"));

/// The limit of requests without a tier.
fn untiered() -> RateLimit<'static> {
    RateLimit { provider: &ABYSSALE, interval: INTERVAL, tier: None }
}

/// Five requests in ten seconds, eight in a minute.
fn write_tier() -> RateTier {
    let window = |requests, seconds| RateWindow { requests, seconds };
    RateTier { name: "write", windows: vec![window(5, 10), window(8, 60)] }
}

fn limit_of(tier: &RateTier) -> RateLimit<'_> {
    RateLimit { tier: Some(tier), ..untiered() }
}

/// Reserves within an hour.
async fn reserve_as(job_store: &JobStore, limit: RateLimit<'_>, from: OffsetDateTime) -> Reservation {
    job_store.reserve_request(limit, from, from + LONG).await.expect("an answer")
}

async fn reserve(job_store: &JobStore, from: OffsetDateTime) -> OffsetDateTime {
    match reserve_as(job_store, untiered(), from).await {
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
        let reservation = job_store.reserve_request(untiered(), start(), start() + INTERVAL * 5).await;
        assert_eq!(reservation.expect("an answer"), Reservation::RetryAt(free));
    }
    let reservation = job_store.reserve_request(untiered(), start(), free).await;
    assert_eq!(reservation.expect("an answer"), Reservation::Granted(free));
}

#[tokio::test]
async fn a_reservation_is_released_only_if_it_is_the_last() {
    let (_server, job_store) = start_job_table().await;
    let first = reserve(&job_store, start()).await;
    let second = reserve(&job_store, start()).await;
    job_store.release_reservation(untiered(), first).await.expect("an answer");
    assert_eq!(reserve(&job_store, start()).await, second + INTERVAL);
    job_store.release_reservation(untiered(), second + INTERVAL).await.expect("an answer");
    assert_eq!(reserve(&job_store, start()).await, second + INTERVAL);
}

#[tokio::test]
async fn reservations_start_after_the_pause() {
    let (_server, job_store) = start_job_table().await;
    assert_eq!(job_store.paused_until(untiered()).await.expect("an answer"), None);
    reserve(&job_store, start()).await;
    let until = start() + Duration::from_secs(27);
    job_store.pause_until(untiered(), until, PauseScope::Provider).await.expect("an answer");
    job_store
        .pause_until(untiered(), until - Duration::from_secs(9), PauseScope::Provider)
        .await
        .expect("an answer");
    assert_eq!(job_store.paused_until(untiered()).await.expect("an answer"), Some(until));
    assert_eq!(reserve(&job_store, start()).await, until);
    assert_eq!(reserve(&job_store, start()).await, until + INTERVAL);
}

#[tokio::test]
async fn a_pause_shorter_than_the_queue_changes_no_reservation() {
    let (_server, job_store) = start_job_table().await;
    for _ in 0..10 {
        reserve(&job_store, start()).await;
    }
    job_store.pause_until(untiered(), start() + INTERVAL, PauseScope::Provider).await.expect("an answer");
    assert_eq!(reserve(&job_store, start()).await, start() + INTERVAL * 10);
}

#[tokio::test]
async fn each_provider_has_its_own_rate_limit() {
    let (_server, job_store) = start_job_table().await;
    reserve(&job_store, start()).await;
    let other = ProviderName::new("another");
    let limit = RateLimit { provider: &other, ..untiered() };
    assert_eq!(reserve_as(&job_store, limit, start()).await, Reservation::Granted(start()));
}

/// Whether a tier's reservation is refused, although the ceiling is free.
fn is_full(reservation: Reservation) -> bool {
    matches!(reservation, Reservation::RetryAt(_))
}

#[tokio::test]
async fn a_budget_may_be_used_at_once_and_is_free_again_after_its_window() {
    let (_server, job_store) = start_job_table().await;
    let tier = write_tier();
    for place in 0..5 {
        let reservation = reserve_as(&job_store, limit_of(&tier), start()).await;
        assert_eq!(reservation, Reservation::Granted(start() + INTERVAL * place));
    }
    let Reservation::RetryAt(free) = reserve_as(&job_store, limit_of(&tier), start()).await else {
        panic!("a sixth request in ten seconds")
    };
    assert!(free >= start() + Duration::from_secs(10), "{free}");
    assert!(free <= start() + Duration::from_secs(13), "{free}");
    assert_eq!(reserve_as(&job_store, limit_of(&tier), free).await, Reservation::Granted(free));
}

#[tokio::test]
async fn the_longer_window_holds_after_the_shorter_one() {
    let (_server, job_store) = start_job_table().await;
    let (tier, mut at, mut granted) = (write_tier(), start(), vec![]);
    while at < start() + Duration::from_secs(150) {
        match reserve_as(&job_store, limit_of(&tier), at).await {
            Reservation::Granted(time) => granted.push(time),
            Reservation::RetryAt(free) => at = free,
        }
    }
    for window in &tier.windows {
        let length = Duration::from_secs(window.seconds.into());
        let within = |since: &OffsetDateTime| {
            granted.iter().filter(|time| (*since..*since + length).contains(*time)).count()
        };
        let most = granted.iter().map(within).max();
        assert_eq!(most, Some(window.requests as usize), "{window:?}");
    }
}

#[tokio::test]
async fn a_tier_without_room_takes_nothing_from_the_others() {
    let (_server, job_store) = start_job_table().await;
    let tier = write_tier();
    for _ in 0..5 {
        reserve_as(&job_store, limit_of(&tier), start()).await;
    }
    for _ in 0..20 {
        assert!(is_full(reserve_as(&job_store, limit_of(&tier), start()).await));
    }
    let polling = RateTier { name: "polling", ..write_tier() };
    let reservation = reserve_as(&job_store, limit_of(&polling), start()).await;
    assert_eq!(reservation, Reservation::Granted(start() + INTERVAL * 5));
    assert_eq!(reserve(&job_store, start()).await, start() + INTERVAL * 6);
}

#[tokio::test]
async fn a_pause_of_a_tier_stops_no_other_tier() {
    let (_server, job_store) = start_job_table().await;
    let tier = write_tier();
    let until = start() + Duration::from_secs(1_700);
    job_store.pause_until(limit_of(&tier), until, PauseScope::Tier).await.expect("an answer");
    assert_eq!(reserve_as(&job_store, limit_of(&tier), start()).await, Reservation::RetryAt(until));
    assert_eq!(job_store.paused_until(limit_of(&tier)).await.expect("an answer"), Some(until));
    assert_eq!(reserve(&job_store, start()).await, start());
    assert_eq!(job_store.paused_until(untiered()).await.expect("an answer"), None);
    assert_eq!(reserve_as(&job_store, limit_of(&tier), until).await, Reservation::Granted(until));
}

#[tokio::test]
async fn an_unused_reservation_returns_its_part_of_the_budgets() {
    let (_server, job_store) = start_job_table().await;
    let (tier, mut times) = (write_tier(), vec![]);
    // So close together that all are in one bucket.
    let interval = Duration::from_millis(1);
    let limit = RateLimit { interval, ..limit_of(&tier) };
    for _ in 0..5 {
        match reserve_as(&job_store, limit, start()).await {
            Reservation::Granted(time) => times.push(time),
            Reservation::RetryAt(free) => panic!("full until {free}"),
        }
    }
    // The second is not the last: its time is lost, and its part of the budget is not.
    for unused in [times[4], times[1]] {
        job_store.release_reservation(limit, unused).await.expect("an answer");
    }
    for place in [4, 5] {
        let reservation = reserve_as(&job_store, limit, start()).await;
        assert_eq!(reservation, Reservation::Granted(start() + interval * place));
    }
    assert!(is_full(reserve_as(&job_store, limit, start()).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_clients_share_a_budget_and_none_tries_for_long() {
    const CLIENTS: usize = 300;
    let (server, job_store) = create_job_table(Server::start_embedded().await).await;
    let tier = RateTier { name: "write", windows: vec![RateWindow { requests: 60, seconds: 60 }] };
    let before = server.cloud().requests().count(Service::DynamoDb, "UpdateItem");
    let clients = (0..CLIENTS).map(|_| {
        let (job_store, tier) = (job_store.clone(), tier.clone());
        tokio::spawn(async move {
            let limit = RateLimit { interval: Duration::from_millis(125), ..limit_of(&tier) };
            // What a caller waits for, which is shorter than the budget lasts.
            job_store.reserve_request(limit, start(), start() + Duration::from_secs(5)).await
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut granted = vec![];
    for client in clients {
        if let Reservation::Granted(time) = client.await.expect("no panic").expect("an answer") {
            granted.push(time);
        }
    }
    granted.sort_unstable();
    let expected: Vec<_> = (0..41).map(|place| start() + Duration::from_millis(125) * place).collect();
    assert_eq!(granted, expected);
    let writes = server.cloud().requests().count(Service::DynamoDb, "UpdateItem") - before;
    // Those that are refused write, too, while they do not know the latest state.
    assert!(writes <= 6 * CLIENTS as u64, "{writes} writes for {CLIENTS} clients");
}

#[tokio::test]
async fn a_reported_budget_counts_until_its_reset_if_it_is_less_than_expected() {
    let (server, job_store) = create_job_table(Server::start_embedded().await).await;
    let tier = write_tier();
    reserve_as(&job_store, limit_of(&tier), start()).await;
    let reset = start() + Duration::from_secs(7);
    let report = async |limit, remaining| {
        let quota = ReportedQuota { limit, remaining, reset };
        job_store.adopt_reported_quota(limit_of(&tier), quota, start()).await.expect("an answer")
    };
    let before = server.cloud().requests().count(Service::DynamoDb, "UpdateItem");
    assert_eq!(report(5, 4).await, None, "as expected");
    assert_eq!(report(8, 7).await, None, "as expected");
    assert_eq!(server.cloud().requests().count(Service::DynamoDb, "UpdateItem"), before);
    assert_eq!(report(5, 1).await, Some(1));
    assert_eq!(report(5, 1).await, None, "known");

    assert!(!is_full(reserve_as(&job_store, limit_of(&tier), start()).await));
    assert_eq!(reserve_as(&job_store, limit_of(&tier), start()).await, Reservation::RetryAt(reset));
    assert!(!is_full(reserve_as(&job_store, limit_of(&tier), reset).await));
}

#[tokio::test]
async fn a_lower_limit_than_ours_lowers_the_window_that_lasts_until_its_reset() {
    let (_server, job_store) = start_job_table().await;
    let tier = write_tier();
    reserve_as(&job_store, limit_of(&tier), start()).await;
    let quota = ReportedQuota { limit: 3, remaining: 2, reset: start() + Duration::from_secs(50) };
    let news = job_store.adopt_reported_quota(limit_of(&tier), quota, start()).await;
    assert_eq!(news.expect("an answer"), Some(2));
    for _ in 0..2 {
        assert!(!is_full(reserve_as(&job_store, limit_of(&tier), start()).await));
    }
    let free = Reservation::RetryAt(start() + Duration::from_secs(50));
    assert_eq!(reserve_as(&job_store, limit_of(&tier), start()).await, free);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Each step: how long after the last one, how late the request arrives, and whether it waits for room.
    #[test]
    fn no_period_exceeds_a_budget_whenever_requests_come_and_arrive(
        steps in proptest::collection::vec((0..4_000_u64, 0..1_000_u64, any::<bool>()), 1..80),
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (tier, mut arrivals) = (write_tier(), vec![]);
        runtime.block_on(async {
            let (_server, job_store) = start_job_table().await;
            let mut at = start();
            for (after, late, waits) in steps {
                at += Duration::from_millis(after);
                let mut reservation = reserve_as(&job_store, limit_of(&tier), at).await;
                if let (Reservation::RetryAt(free), true) = (reservation, waits) {
                    at = free;
                    reservation = reserve_as(&job_store, limit_of(&tier), at).await;
                }
                if let Reservation::Granted(time) = reservation {
                    arrivals.push(time + Duration::from_millis(late));
                }
            }
        });
        for window in &tier.windows {
            let length = Duration::from_secs(window.seconds.into());
            for since in &arrivals {
                let within = arrivals.iter().filter(|time| (*since..*since + length).contains(*time)).count();
                prop_assert!(within <= window.requests as usize, "{} in {} s", within, window.seconds);
            }
        }
    }
}
