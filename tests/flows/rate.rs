//! All invocations together keep the provider's pace, and jobs wait their turn.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use harness::{StackOptions, until};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::world::World;

/// A world that keeps this pace, in front of a provider that bears twice as much, as Abyssale's ceiling of 10 per
/// second is to the default of 5. Exports take an hour, so that jobs stay where their submission left them.
async fn paced(per_second: u32, change: impl FnOnce(StackOptions) -> StackOptions) -> World {
    let pace = per_second.to_string();
    let world = World::start_with(|options| {
        change(
            options.variable("ABYSSALE_REQUESTS_PER_SECOND", pace).variable("PROVIDER_TIMEOUT_SECONDS", "20"),
        )
    });
    let world = world.await;
    let knobs = json!({ "export_latency_seconds": 3600, "gateway_per_second": 2 * per_second });
    world.admin(Method::PUT, "/knobs", knobs);
    world
}

impl World {
    /// Submits so many jobs at once.
    async fn burst(&self, count: usize) -> Vec<Response<Value>> {
        let request = self.export(1);
        join_all((0..count).map(|_| self.post(&request, &[]))).await
    }

    /// Waits until no job waits or is being asked for, and returns how many there are of each status.
    async fn everybody_was_served(&self, count: usize) -> Vec<(String, usize)> {
        until("everybody was served", || async {
            let jobs = self.jobs().await;
            let statuses: Vec<String> =
                jobs.iter().map(|job| job["status"].as_s().expect("a text").clone()).collect();
            let in_line = |status: &String| ["waiting", "submitting"].contains(&status.as_str());
            if statuses.len() < count || statuses.iter().any(in_line) {
                return None;
            }
            let names: BTreeSet<&String> = statuses.iter().collect();
            let many = |name: &&String| statuses.iter().filter(|status| status == name).count();
            Some(names.iter().map(|name| ((*name).clone(), many(name))).collect())
        })
        .await
    }

    /// When each export POST reached the provider, in milliseconds and in order.
    fn asked_at(&self) -> Vec<i64> {
        let mut times: Vec<i64> =
            self.asked().iter().map(|asked| asked["milliseconds"].as_i64().expect("a time")).collect();
        times.sort_unstable();
        times
    }
}

/// The most requests in any second.
fn most_in_a_second(times: &[i64]) -> usize {
    let within = |from: i64| times.iter().filter(|time| (from..from + 1000).contains(*time)).count();
    times.iter().map(|time| within(*time)).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_jobs_at_once_are_all_asked_for_once_and_never_too_fast() {
    let world = paced(50, |options| options.variable("LONGEST_WAIT_SECONDS", "0.5")).await;
    let started = std::time::Instant::now();
    let answers = world.burst(500).await;
    println!("taken after {:?}", started.elapsed());

    assert!(answers.iter().all(|answer| answer.status() == 202));
    let waiting = answers.iter().filter(|answer| answer.body()["status"] == "waiting").count();
    println!("waiting {waiting}");
    assert_eq!(world.everybody_was_served(500).await, [("submitted".to_owned(), 500)]);
    let times = world.asked_at();
    println!(
        "served after {:?}, most {} over {} ms",
        started.elapsed(),
        most_in_a_second(&times),
        times[times.len() - 1] - times[0]
    );
    assert_eq!((times.len(), world.accepted_posts()), (500, 500));
    assert!(waiting > 400, "{waiting}");
    assert!(most_in_a_second(&times) <= 100, "{}", most_in_a_second(&times));
}
