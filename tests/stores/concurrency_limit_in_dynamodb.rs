//! Slots of the concurrency limit: never more running jobs than slots, and the oldest waiting job gets the next one.

use job_store::JobStore;
use model::{Event, Job, JobId, NewJob, Origin, ProviderJobId, ProviderName, Source};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::server::table;

fn provider() -> ProviderName {
    ProviderName::new("ai_studios")
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Claims a job with the status `submitting`. Returns its id.
async fn job(records: &JobStore) -> JobId {
    let job = Job::new(NewJob {
        id: JobId::generate(),
        provider: provider(),
        kind: "export".into(),
        request: json!({}),
        expected: Some(1),
        metadata: None,
        unpack: None,
        origin: Origin::Submitted,
    });
    records.claim(&job, None, now()).await.expect("a claim");
    job.id
}

async fn takes(records: &JobStore, slots: u32, job: JobId, at: OffsetDateTime) -> bool {
    records.take_slot(&provider(), slots, job, at).await.expect("an answer")
}

async fn happens(records: &JobStore, job: JobId, event: Event) {
    records.apply(job, &event, now()).await.expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_jobs_take_no_more_slots_than_there_are() {
    let (_server, records) = table().await;
    let mut takers = vec![];
    for _ in 0..12 {
        let (records, job) = (records.clone(), job(&records).await);
        takers.push(tokio::spawn(async move { takes(&records, 3, job, now()).await }));
    }
    let mut have = 0;
    for taker in takers {
        have += usize::from(taker.await.expect("no panic"));
    }
    // A job that finds an older waiting job releases its slot, so that at first fewer jobs may hold one, and never
    // more.
    assert!((1..=3).contains(&have), "{have}");
}

#[tokio::test]
async fn a_slot_is_held_until_the_provider_has_finished() {
    let (_server, records) = table().await;
    let (first, second) = (job(&records).await, job(&records).await);
    assert!(takes(&records, 1, first, now()).await);
    assert!(takes(&records, 1, first, now()).await, "the job holds the slot already");
    happens(&records, first, Event::Accepted { provider_job_id: ProviderJobId::new("t") }).await;
    assert!(!takes(&records, 1, second, now()).await);
    let sources = vec![Source::archive("https://x/a.zip?s=1")];
    happens(&records, first, Event::Finished { sources, missing: vec![] }).await;
    assert!(takes(&records, 1, second, now()).await, "a landing takes no slot");
}

#[tokio::test]
async fn the_oldest_waiting_job_gets_the_next_slot() {
    let (_server, records) = table().await;
    let (first, second, third) = (job(&records).await, job(&records).await, job(&records).await);
    assert!(takes(&records, 1, first, now()).await);
    assert!(!takes(&records, 1, third, now()).await, "the youngest job waits first");
    assert!(!takes(&records, 1, second, now()).await);
    happens(&records, first, Event::Cancelled).await;
    assert!(!takes(&records, 1, third, now()).await, "an older job waits");
    assert!(takes(&records, 1, second, now()).await);
    happens(&records, second, Event::Cancelled).await;
    assert!(takes(&records, 1, third, now()).await, "no older job waits");
}

#[tokio::test]
async fn a_waiting_job_that_does_not_return_blocks_no_other() {
    let (_server, records) = table().await;
    let (first, second, third) = (job(&records).await, job(&records).await, job(&records).await);
    assert!(takes(&records, 1, first, now()).await);
    assert!(!takes(&records, 1, second, now()).await);
    happens(&records, first, Event::Cancelled).await;
    assert!(!takes(&records, 1, third, now() + Duration::minutes(2)).await);
    assert!(takes(&records, 1, third, now() + Duration::minutes(4)).await);
}
