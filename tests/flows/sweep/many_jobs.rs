//! Many active jobs: each is polled once, within the rate limit, and the sweep ends.

use std::{collections::BTreeSet, time::Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::{StreamExt, stream};
use harness::{StackOptions, TABLE};
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    worker_crashes::with_worker_processes,
    world::{Item, World},
};

/// A world with so many active generations that are due. The provider reports all of them as unfinished.
async fn world_with_active_jobs(count: usize, change: impl FnOnce(StackOptions) -> StackOptions) -> World {
    let world = World::start_with(change).await;
    world.remove_provider_limits();
    world.admin(Method::PUT, "/knobs", json!({ "generation_latency_seconds": 3600 }));
    let id = world.submit_request(&world.three_format_request()).await;
    let first = world.job_item(&id).await;
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let delete = world.aws.dynamodb.delete_item().table_name(TABLE).key("pk", key(&id)).key("sk", key("JOB"));
    delete.send().await.expect("deleted");
    world.inject_fault(json!({
        "on": "call", "route": "GET /generation-request/*", "kind": "answer", "status": 202, "count": null,
        "body": { "is_finalized": false, "banners": [] },
    }));
    let items: Vec<Item> = (0..count).map(|_| copy_job(&first)).collect();
    let written = stream::iter(items.chunks(25)).map(|some| world.put_items(some));
    written.buffer_unordered(4).collect::<Vec<()>>().await;
    world
}

/// A copy of the job with another id, an hour old and due.
fn copy_job(job: &Item) -> Item {
    let text = |text: String| AttributeValue::S(text);
    let old = OffsetDateTime::now_utc() - Duration::hours(1);
    let old = old.replace_millisecond(0).expect("a time").format(&Rfc3339).expect("a time");
    let (id, provider_job_id) = (Uuid::now_v7(), Uuid::new_v4());
    let mut item = job.clone();
    for (name, value) in [
        ("pk", text(id.to_string())),
        ("created", text(id.to_string())),
        ("created_at", text(old.clone())),
        ("provider_job_id", text(provider_job_id.to_string())),
        ("provider_job_key", text(format!("abyssale#{provider_job_id}"))),
        ("due_at", text(old.replace('Z', ".000Z"))),
        ("due_shard", text((id.as_bytes()[15] % 4).to_string())),
    ] {
        item.insert(name.to_owned(), value);
    }
    item
}

impl World {
    async fn put_items(&self, items: &[Item]) {
        let put = |item: &Item| {
            let put = PutRequest::builder().set_item(Some(item.clone())).build().expect("an item");
            WriteRequest::builder().put_request(put).build()
        };
        let write = self.aws.dynamodb.batch_write_item();
        let written =
            write.request_items(TABLE, items.iter().map(put).collect()).send().await.expect("written");
        assert!(written.unprocessed_items().is_none_or(std::collections::HashMap::is_empty));
    }

    /// Sweeps until nothing is left. Returns how many jobs were checked.
    async fn sweep_until_finished(&self) -> u64 {
        let mut checked = 0;
        loop {
            let swept = self.sweep(0).await;
            checked += swept["checked"].as_u64().expect("a count");
            if swept["incomplete"] == false {
                return checked;
            }
        }
    }

    /// The number of polls that the provider received, and the maximum in any second.
    fn poll_statistics(&self) -> (u64, u64) {
        let peak = self.admin(Method::GET, "/requests/peak?method=GET", Value::Null);
        (peak["all_requests"].as_u64().expect("a count"), peak["requests"].as_u64().expect("a count"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_active_generations_are_each_polled_once() {
    let world = world_with_active_jobs(500, |options| options).await;
    assert_eq!(world.sweep_until_finished().await, 500);
    let polled: BTreeSet<String> = world.polls().iter().map(|poll| poll["path"].to_string()).collect();
    assert_eq!((polled.len(), world.poll_statistics().0), (500, 500));
    assert_eq!(world.sweep_until_finished().await, 0, "a job is polled again only when it is due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_job_item_does_not_block_the_others() {
    let world = world_with_active_jobs(200, |options| options).await;
    let damaged = world.job_items().await[0]["pk"].as_s().expect("an id").clone();
    // It is due first in every sweep.
    world
        .update_job_item(&damaged, &[("due_at", "2026-01-01T00:00:00.000Z"), ("status", "asleep")], &[])
        .await;
    let swept = world.sweep(0).await;
    assert_eq!((&swept["checked"], &swept["incomplete"]), (&json!(199), &json!(true)));
    assert_eq!(world.poll_statistics().0, 199);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_out_of_time_leaves_the_rest_to_the_next_one() {
    let change = |options: StackOptions| options.variable("SWEEP_SECONDS", "1");
    let world =
        world_with_active_jobs(60, |options| change(options).variable("ABYSSALE_REQUESTS_PER_SECOND", "20"))
            .await;
    let first = world.sweep(0).await;
    assert_eq!(first["incomplete"], true, "{first}");
    let left = 60 - first["checked"].as_u64().expect("a count");
    assert!(left > 20, "{first}");
    assert_eq!((world.sweep_until_finished().await, world.poll_statistics().0), (left, 60));
    assert!(world.poll_statistics().1 <= 30, "{} in a second", world.poll_statistics().1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_sweeps_share_the_rate_limit() {
    let world =
        world_with_active_jobs(50, |options| options.variable("ABYSSALE_REQUESTS_PER_SECOND", "20")).await;
    tokio::join!(world.sweep_until_finished(), world.sweep_until_finished());
    let (polled, most) = world.poll_statistics();
    // Both may check a job at the same time. A second poll does no harm, and respects the rate limit, too.
    assert!((50..=100).contains(&polled), "{polled}");
    assert!(most <= 30, "{most} in a second");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; run it with --ignored --nocapture to measure"]
#[expect(clippy::print_stdout, reason = "prints the measurement")]
async fn ten_thousand_active_generations_measured() {
    for per_second in ["0", "100"] {
        let change = |options: StackOptions| {
            with_worker_processes(options).variable("ABYSSALE_REQUESTS_PER_SECOND", per_second)
        };
        let world = world_with_active_jobs(10_000, change).await;
        let started = Instant::now();
        let sweeps = world.sweep_until_finished();
        tokio::pin!(sweeps);
        let mut memory = 0;
        let checked = loop {
            tokio::select! {
                checked = &mut sweeps => break checked,
                () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {
                    let peak = world.processes.as_ref().and_then(harness::WorkerProcesses::peak_memory);
                    memory = memory.max(peak.unwrap_or_default());
                }
            }
        };
        let (polled, most) = world.poll_statistics();
        println!(
            "rate {per_second}/s: {checked} checked and {polled} polled in {:.1?}, at most {most} in a second, {} MiB",
            started.elapsed(),
            memory / 1024 / 1024
        );
        assert_eq!((checked, polled), (10_000, 10_000));
    }
}
