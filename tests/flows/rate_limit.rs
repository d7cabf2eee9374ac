//! The rate limit holds for all invocations together, and jobs wait for their reservation.

mod interrupted_invocations;
mod provider_throttling;
mod queued_submissions;
mod tiers;

use std::{collections::BTreeSet, time::Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::{StreamExt, stream};
use harness::{StackOptions, until};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::world::World;

/// A world with this ceiling and no tiers, and a provider that allows twice as much. Exports take an hour, so that jobs keep
/// the status of their submission.
pub(crate) async fn rate_limited_world(
    per_second: f64,
    change: impl FnOnce(StackOptions) -> StackOptions,
) -> World {
    let rate = per_second.to_string();
    let world = World::start_with(|options| {
        change(
            options
                .variable("ABYSSALE_REQUESTS_PER_SECOND", rate)
                .variable("ABYSSALE_RATE_LIMITS", "none")
                .variable("PROVIDER_TIMEOUT_SECONDS", "20"),
        )
    });
    let world = world.await;
    let gateway = (2.0 * per_second).ceil() as u32;
    let knobs = json!({ "export_latency_seconds": 3600, "gateway_per_second": gateway, "tiers": {} });
    world.admin(Method::PUT, "/knobs", knobs);
    world
}

impl World {
    /// Submits so many jobs concurrently, as fast as this machine allows. Requests that are answered 503 are retried.
    async fn submit_burst(&self, count: usize) -> Vec<Response<Value>> {
        let request = self.export_request(1);
        let submitted = |number: usize| {
            let (request, key) = (&request, number.to_string());
            async move {
                loop {
                    let response = self.post(request, &[("idempotency-key", &key)]).await;
                    if response.status() != 503 {
                        return response;
                    }
                }
            }
        };
        stream::iter(0..count).map(submitted).buffer_unordered(60).collect().await
    }

    /// Waits until no job is waiting or submitting, and checks that so many jobs were submitted. The other jobs are
    /// those of requests that were answered 503.
    async fn wait_until_submitted(&self, count: usize) {
        for left in (0..count as u32).step_by(100).collect::<Vec<_>>().into_iter().rev() {
            let what = format!("at most {left} messages are queued");
            until(&what, || async { (self.queued_submissions().await <= left).then_some(()) }).await;
        }
        let statuses = until("no job waits", || async {
            let jobs = self.job_items().await;
            let statuses: Vec<String> =
                jobs.iter().map(|job| job["status"].as_s().expect("a text").clone()).collect();
            let in_line = |status: &String| ["waiting", "submitting"].contains(&status.as_str());
            (!statuses.iter().any(in_line)).then_some(statuses)
        })
        .await;
        let submitted = statuses.iter().filter(|status| *status == "submitted").count();
        assert_eq!(submitted, count, "{:?}", statuses.iter().collect::<BTreeSet<_>>());
    }

    /// Submits one job that takes the free reservation, and a second one that waits. The submissions queue is paused.
    pub(crate) async fn submit_waiting_job(&mut self, headers: &[(&str, &str)]) -> String {
        self.stack.pause_submissions();
        let first = self.post(&self.export_request(2), &[]).await;
        assert_eq!((first.status().as_u16(), &first.body()["status"]), (202, &json!("submitted")));
        let second = self.post(&self.export_request(1), headers).await;
        let job = second.body();
        assert_eq!((second.status().as_u16(), &job["status"]), (202, &json!("waiting")), "{job}");
        assert_eq!(second.headers()["location"], job["links"]["self"].as_str().expect("a link"));
        job["job_id"].as_str().expect("an id").to_owned()
    }

    /// The number of messages in the submissions queue, hidden and delayed ones included.
    pub(crate) async fn queued_submissions(&self) -> u32 {
        let requests = self.aws.sqs.get_queue_attributes().queue_url(&self.submissions_queue_url);
        let response = requests.attribute_names(QueueAttributeName::All).send().await.expect("a response");
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let attributes = response.attributes().expect("attributes");
        counts.iter().map(|name| attributes[name].parse::<u32>().expect("a number")).sum()
    }

    /// When each export POST reached the provider, in milliseconds and in order.
    fn export_request_times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self
            .export_requests()
            .iter()
            .map(|request| request["milliseconds"].as_i64().expect("a time"))
            .collect();
        times.sort_unstable();
        times
    }
}

/// The maximum number of requests in any second.
fn max_per_second(times: &[i64]) -> usize {
    let within = |from: i64| times.iter().filter(|time| (from..from + 1000).contains(*time)).count();
    times.iter().map(|time| within(*time)).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_concurrent_jobs_are_submitted_once_within_the_rate_limit() {
    let world = rate_limited_world(25.0, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0.5")).await;
    assert_all_submitted(&world, 500, 25).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; run it with --ignored --nocapture to measure"]
async fn five_hundred_concurrent_jobs_at_the_default_ceiling() {
    let world = rate_limited_world(8.0, |options| options).await;
    assert_all_submitted(&world, 500, 8).await;
}

#[expect(clippy::print_stdout, reason = "prints the measurement")]
async fn assert_all_submitted(world: &World, count: usize, per_second: usize) {
    let started = Instant::now();
    let responses = world.submit_burst(count).await;
    let elapsed = started.elapsed();
    let waiting = responses.iter().filter(|response| response.body()["status"] == "waiting").count();
    for response in &responses {
        assert_eq!(response.status(), 202, "{}", response.body());
    }
    assert!(waiting > count / 4, "{waiting}");

    world.wait_until_submitted(count).await;
    let times = world.export_request_times();
    let most = max_per_second(&times);
    println!(
        "{count} jobs at {per_second}/s: accepted in {elapsed:.1?}, {waiting} of them waiting; submitted over {} ms, at most {most} in a second",
        times[times.len() - 1] - times[0]
    );
    assert_eq!((times.len(), world.accepted_exports()), (count, count as u64));
    assert!(most <= 2 * per_second, "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_jobs_are_submitted_before_much_newer_ones() {
    let change = |options: StackOptions| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0");
    let one_batch_at_a_time = |options| StackOptions { submit_concurrency: 1, ..change(options) };
    let mut world = rate_limited_world(20.0, one_batch_at_a_time).await;
    world.stack.pause_submissions();
    // No job gets a reservation until all of them wait.
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 8 }));
    let mut ids = vec![];
    for _ in 0..30 {
        ids.push(world.submit_export(1).await);
    }
    world.stack.resume_submissions();
    world.wait_until_submitted(30).await;

    let requests: Vec<String> =
        world.export_requests().iter().map(|request| request["body"].to_string()).collect();
    let place =
        |id: &String| requests.iter().position(|body| body.contains(id)).expect("a request for the job");
    let places: Vec<usize> = ids.iter().map(place).collect();
    assert!(places[..10].iter().max() < places[20..].iter().min(), "{places:?}");
}
