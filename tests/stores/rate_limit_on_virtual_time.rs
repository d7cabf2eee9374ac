//! The rate limiter on virtual time: jobs, polls and reads as the functions send them, through the real limiter in DynamoDB,
//! to the simulator, which counts as the provider publishes it. An hour passes in seconds.
//!
//! `cargo test --test stores on_virtual_time -- --include-ignored --nocapture` prints the figures of `docs/benchmarks.md`.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use bytes::Bytes;
use http::{Method, Request};
use job_store::{JobStore, RateLimit, Reservation};
use model::{ProviderName, RateLimits};
use serde_json::{Value, json};
use simulators::{Endpoint, Origins, Simulator, simulator_for};
use time::{Duration, OffsetDateTime};

use crate::server::start_job_table;

/// From a request to the end of its response, and of what its worker writes.
const RESPONSE: Duration = Duration::milliseconds(200);
/// How long an invocation by the queue waits for a reservation. A message that must wait longer comes back before its time,
/// and after 900 s at the latest.
const QUEUE_WAIT: Duration = Duration::seconds(20);
const HALF_QUEUE_WAIT: Duration = Duration::seconds(10);
const TIER_LEAD: Duration = Duration::seconds(2);
const MAX_DELAY: Duration = Duration::seconds(900);
/// How long a sweep lasts, and how often one starts.
const SWEEP: Duration = Duration::seconds(50);
const SWEEP_INTERVAL: Duration = Duration::seconds(60);

fn start() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a time")
}

/// What sends requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// The submission queue: five batches of ten.
    Export,
    Generation,
    /// A sweep: four jobs at once.
    Poll,
    /// Reads of banners, four at once.
    Read,
}

impl Work {
    const ALL: [Work; 4] = [Work::Export, Work::Generation, Work::Poll, Work::Read];

    fn tier(self) -> Option<&'static str> {
        match self {
            Work::Export => Some("write"),
            Work::Generation => None,
            Work::Poll => Some("polling"),
            Work::Read => Some("read"),
        }
    }

    /// The group of workers. Exports and generations come from the same queue.
    fn group(self) -> usize {
        match self {
            Work::Export | Work::Generation => 0,
            Work::Poll => 1,
            Work::Read => 2,
        }
    }
}

/// The workers of each group.
const WORKERS: [usize; 3] = [50, 4, 4];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A worker has sent its request and read the response.
    Release(usize),
    /// A request is wanted, and there is no worker yet.
    Arrive,
    /// A worker waited for room in the tier.
    Retry,
    /// A reservation has come.
    Send,
}

/// An event: when, in which order, what, and of which request.
type Event = Reverse<(OffsetDateTime, usize, Step, usize)>;

/// The figures of one run.
#[derive(Debug, Default)]
struct Figures {
    sent: usize,
    throttled: usize,
    attempts: usize,
    last: Option<OffsetDateTime>,
    /// The longest time from a worker's first attempt, while the tier has room, to the request.
    longest_wait: [Duration; 4],
}

struct Run<'a> {
    job_store: &'a JobStore,
    limits: RateLimits,
    provider: ProviderName,
    simulator: Box<dyn Simulator>,
    requests: Vec<(Work, Request<Bytes>)>,
    events: BinaryHeap<Event>,
    order: usize,
    free_workers: [usize; 3],
    ready: [VecDeque<usize>; 3],
    figures: Figures,
}

impl<'a> Run<'a> {
    fn new(job_store: &'a JobStore, window_kind: &str) -> Self {
        let provider = providers::find_provider("abyssale").expect("a provider");
        let mut simulator = simulator_for("abyssale", 1, 0).expect("a simulator");
        let origin = |name: &str| format!("http://{name}.test");
        simulator.set_origins(Origins { api: origin("api"), files: origin("files"), admin: origin("admin") });
        let mut run = Self {
            job_store,
            limits: provider.rate_limits(),
            provider: providers::provider_name(provider),
            simulator,
            requests: vec![],
            events: BinaryHeap::new(),
            order: 0,
            free_workers: WORKERS,
            ready: Default::default(),
            figures: Figures::default(),
        };
        run.admin(Method::PUT, "/knobs", &json!({ "window_kind": window_kind }));
        run
    }

    fn admin(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.body(Bytes::from(body.to_string())).expect("a request");
        let reply = self.simulator.handle(Endpoint::Admin, request, start());
        assert_eq!(reply.response.status(), 200, "{path}");
        serde_json::from_slice(reply.response.body()).expect("JSON")
    }

    /// Wants so many requests at the start.
    fn add(&mut self, work: Work, count: usize) {
        let described = self.simulator.describe();
        let banner = described["banner_ids"][0].as_str().expect("an id").to_owned();
        let design = described["designs"]["static"][0]["id"].as_str().expect("an id").to_owned();
        for number in 0..count {
            let (method, path, body) = match work {
                Work::Export => {
                    let body = json!({ "ids": [banner], "callback_url": "http://receiver.test/hook" });
                    (Method::POST, "/async/banners/export".to_owned(), body.to_string())
                }
                Work::Generation => {
                    let path = format!("/async/banner-builder/{design}/generate");
                    (Method::POST, path, json!({ "elements": {} }).to_string())
                }
                // The simulator counts the request before it looks for the generation.
                Work::Poll => {
                    let id = uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + number as u128);
                    (Method::GET, format!("/generation-request/{id}"), String::new())
                }
                Work::Read => (Method::GET, format!("/banners/{banner}"), String::new()),
            };
            let key = described["api_key"].as_str().expect("a key");
            let request = Request::builder().method(method).uri(path).header("x-api-key", key);
            let request = request.header("content-type", "application/json").body(body.into());
            self.requests.push((work, request.expect("a request")));
            self.push(start(), Step::Arrive, self.requests.len() - 1);
        }
    }

    fn push(&mut self, at: OffsetDateTime, step: Step, request: usize) {
        self.order += 1;
        self.events.push(Reverse((at, self.order, step, request)));
    }

    /// Runs until every request is sent.
    async fn finish(mut self) -> Finished {
        while let Some(Reverse((now, _, step, request))) = self.events.pop() {
            match step {
                Step::Arrive => {
                    let group = self.requests[request].0.group();
                    match self.free_workers[group] {
                        0 => self.ready[group].push_back(request),
                        _ => {
                            self.free_workers[group] -= 1;
                            self.attempt(now, request).await;
                        }
                    }
                }
                Step::Retry => self.attempt(now, request).await,
                Step::Send => self.send(now, request),
                Step::Release(group) => match self.ready[group].pop_front() {
                    Some(next) => self.attempt(now, next).await,
                    None => self.free_workers[group] += 1,
                },
            }
        }
        Finished { simulator: self.simulator, requests: self.requests.len(), figures: self.figures }
    }

    async fn attempt(&mut self, now: OffsetDateTime, request: usize) {
        let work = self.requests[request].0;
        let latest = match work {
            Work::Poll => sweep_end(now),
            _ => now + QUEUE_WAIT,
        };
        let reservation = match latest < now {
            true => Reservation::RetryAt(latest - SWEEP + SWEEP_INTERVAL),
            false => {
                let tier = work.tier().and_then(|name| self.limits.tier(name));
                let interval = self.limits.interval().expect("a ceiling");
                let limit = RateLimit { provider: &self.provider, interval, tier };
                self.figures.attempts += 1;
                self.job_store.reserve_request(limit, now, latest).await.expect("an answer")
            }
        };
        match reservation {
            Reservation::Granted(at) => {
                let longest = &mut self.figures.longest_wait[work as usize];
                *longest = (*longest).max(at - now);
                self.push(at, Step::Send, request);
            }
            Reservation::RetryAt(at) if at <= latest => self.push(at.max(now), Step::Retry, request),
            Reservation::RetryAt(at) => {
                let back = match work {
                    Work::Poll => at.max(latest - SWEEP + SWEEP_INTERVAL),
                    Work::Export => (at - TIER_LEAD).min(now + MAX_DELAY),
                    Work::Generation | Work::Read => (at - HALF_QUEUE_WAIT).min(now + MAX_DELAY),
                };
                self.push(back, Step::Arrive, request);
                self.push(now, Step::Release(work.group()), request);
            }
        }
    }

    fn send(&mut self, now: OffsetDateTime, request: usize) {
        let (work, wire) = &self.requests[request];
        let reply = self.simulator.handle(Endpoint::Api, wire.clone(), now);
        let status = reply.response.status().as_u16();
        assert!([200, 404, 429].contains(&status), "{work:?}: {status}");
        self.figures.sent += 1;
        self.figures.throttled += usize::from(status == 429);
        self.figures.last = self.figures.last.max(Some(now));
        let group = work.group();
        self.push(now + RESPONSE, Step::Release(group), request);
    }
}

/// The end of the sweep that runs at this time, or of the last one.
fn sweep_end(now: OffsetDateTime) -> OffsetDateTime {
    let into = (now - start()).whole_seconds() % SWEEP_INTERVAL.whole_seconds();
    let began = (now - start()).whole_seconds() - into;
    start() + Duration::seconds(began) + SWEEP
}

struct Finished {
    simulator: Box<dyn Simulator>,
    requests: usize,
    figures: Figures,
}

impl Finished {
    /// The most requests in any period of so many seconds.
    fn most(&mut self, tier: Option<&str>, seconds: u32) -> u64 {
        let tier = tier.map(|tier| format!("&tier={tier}")).unwrap_or_default();
        let path = format!("/requests/peak?window={seconds}{tier}");
        let request = Request::get(path).body(Bytes::new()).expect("a request");
        let now = self.figures.last.expect("requests");
        let reply = self.simulator.handle(Endpoint::Admin, request, now);
        let peak: Value = serde_json::from_slice(reply.response.body()).expect("JSON");
        peak["requests"].as_u64().expect("a count")
    }

    /// Checks that every request was sent once, that none was throttled, and that no period has more than is published.
    #[expect(clippy::print_stdout, reason = "prints the measurement")]
    fn assert_within_limits(&mut self, what: &str) -> Duration {
        let took = self.figures.last.expect("requests") - start();
        assert_eq!((self.figures.sent, self.figures.throttled), (self.requests, 0), "{what}");
        let in_a_second = self.most(None, 1);
        assert!(in_a_second <= 10, "{what}: {in_a_second} in a second");
        let Figures { attempts, longest_wait, .. } = &self.figures;
        println!(
            "{what}: {} requests in {:.0} s, {attempts} attempts, at most {in_a_second} in a second, \
             longest wait for the ceiling {:.1?} s",
            self.requests,
            took.as_seconds_f64(),
            longest_wait.map(Duration::as_seconds_f64)
        );
        for (tier, a_minute, an_hour) in
            [("write", 60, 1_200), ("read", 120, 3_000), ("polling", 600, 18_000)]
        {
            let (minute, hour) = (self.most(Some(tier), 60), self.most(Some(tier), 3_600));
            assert!(minute <= a_minute && hour <= an_hour, "{what}: {tier} {minute} and {hour}");
            if hour > 0 {
                println!("  {tier}: at most {minute} in a minute, {hour} in an hour");
            }
        }
        took
    }
}

async fn run(window_kind: &str, work: &[(Work, usize)]) -> Finished {
    let (_server, job_store) = start_job_table().await;
    let mut run = Run::new(&job_store, window_kind);
    for (kind, count) in work {
        run.add(*kind, *count);
    }
    run.finish().await
}

#[tokio::test]
async fn five_hundred_exports_keep_the_write_budgets_on_virtual_time() {
    for window_kind in ["sliding", "fixed"] {
        let mut finished = run(window_kind, &[(Work::Export, 500)]).await;
        let took = finished.assert_within_limits(&format!("500 exports, {window_kind} windows"));
        // 60 a minute are 500 in eight minutes. The buckets add three seconds to each.
        assert!(took < Duration::seconds(8 * 64 + 10), "{took}");
        // A refused attempt is one read.
        assert!(finished.figures.attempts < 8 * 500, "{} attempts", finished.figures.attempts);
    }
}

#[tokio::test]
async fn two_thousand_exports_keep_the_budget_of_an_hour_on_virtual_time() {
    let mut finished = run("fixed", &[(Work::Export, 2_000)]).await;
    let took = finished.assert_within_limits("2,000 exports");
    assert!((Duration::minutes(60)..Duration::minutes(80)).contains(&took), "{took}");
}

#[tokio::test]
async fn five_hundred_generations_use_the_whole_ceiling_on_virtual_time() {
    let mut finished = run("sliding", &[(Work::Generation, 500)]).await;
    let took = finished.assert_within_limits("500 generations");
    assert!(took <= Duration::seconds(63), "{took}");
}

#[tokio::test]
async fn no_kind_of_request_starves_another_on_virtual_time() {
    let work = [(Work::Poll, 1_500), (Work::Export, 200), (Work::Generation, 300), (Work::Read, 150)];
    let mut finished = run("sliding", &work).await;
    finished.assert_within_limits("polls beside exports, generations and reads");
    // Each of the 58 workers has one reservation at most, so nobody waits longer than for those of all others.
    let limit = Duration::seconds(8);
    for (work, longest) in Work::ALL.iter().zip(finished.figures.longest_wait) {
        assert!(longest < limit, "{work:?} waited {longest}");
    }
}

#[tokio::test]
#[ignore = "takes a minute; run it with --include-ignored --nocapture to measure"]
async fn ten_thousand_polls_beside_five_hundred_exports_on_virtual_time() {
    let mut alone = run("sliding", &[(Work::Poll, 10_000)]).await;
    alone.assert_within_limits("10,000 polls");
    let mut beside = run("sliding", &[(Work::Poll, 10_000), (Work::Export, 500)]).await;
    beside.assert_within_limits("10,000 polls beside 500 exports");
    assert!(beside.figures.longest_wait.iter().all(|wait| *wait < Duration::seconds(8)));
}
