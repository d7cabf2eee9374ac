//! Slots of the concurrency limit: never more running jobs than slots, and the oldest waiting job gets the next one.

use job_store::JobStore;
use model::{Job, JobEvent, JobId, JobOrigin, NewJob, ProviderJobId, ProviderName, Source};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::server::start_job_table;

fn provider() -> ProviderName {
    ProviderName::new("ai_studios")
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Claims a job with the status `submitting`. Returns its id.
async fn create_job(job_store: &JobStore) -> JobId {
    let job = Job::new(NewJob {
        id: JobId::generate(),
        provider: provider(),
        kind: "export".into(),
        request: json!({}),
        expected_files: Some(1),
        metadata: None,
        unpack: None,
        origin: JobOrigin::Submitted,
    });
    job_store.claim(&job, None, now()).await.expect("a claim");
    job.id
}

async fn take_slot(job_store: &JobStore, slots: u32, job: JobId, at: OffsetDateTime) -> bool {
    job_store.acquire_slot(&provider(), slots, job, at).await.expect("an answer")
}

async fn apply_event(job_store: &JobStore, job: JobId, event: JobEvent) {
    job_store.apply_event(job, &event, now()).await.expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_jobs_take_no_more_slots_than_there_are() {
    let (_server, job_store) = start_job_table().await;
    let mut takers = vec![];
    for _ in 0..12 {
        let (job_store, job) = (job_store.clone(), create_job(&job_store).await);
        takers.push(tokio::spawn(async move { take_slot(&job_store, 3, job, now()).await }));
    }
    let mut held = 0;
    for taker in takers {
        held += usize::from(taker.await.expect("no panic"));
    }
    // A job that finds an older waiting job releases its slot, so that at first fewer jobs may hold one, and never
    // more.
    assert!((1..=3).contains(&held), "{held}");
}

#[tokio::test]
async fn a_slot_is_held_until_the_provider_has_finished() {
    let (_server, job_store) = start_job_table().await;
    let (first, second) = (create_job(&job_store).await, create_job(&job_store).await);
    assert!(take_slot(&job_store, 1, first, now()).await);
    assert!(take_slot(&job_store, 1, first, now()).await, "the job holds the slot already");
    apply_event(&job_store, first, JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") })
        .await;
    assert!(!take_slot(&job_store, 1, second, now()).await);
    let sources = vec![Source::archive("https://x/a.zip?s=1")];
    apply_event(&job_store, first, JobEvent::FilesReady { sources, missing: vec![] }).await;
    assert!(take_slot(&job_store, 1, second, now()).await, "a landing takes no slot");
}

#[tokio::test]
async fn the_oldest_waiting_job_gets_the_next_slot() {
    let (_server, job_store) = start_job_table().await;
    let (first, second, third) =
        (create_job(&job_store).await, create_job(&job_store).await, create_job(&job_store).await);
    assert!(take_slot(&job_store, 1, first, now()).await);
    assert!(!take_slot(&job_store, 1, third, now()).await, "the youngest job waits first");
    assert!(!take_slot(&job_store, 1, second, now()).await);
    apply_event(&job_store, first, JobEvent::Cancelled).await;
    assert!(!take_slot(&job_store, 1, third, now()).await, "an older job waits");
    assert!(take_slot(&job_store, 1, second, now()).await);
    apply_event(&job_store, second, JobEvent::Cancelled).await;
    assert!(take_slot(&job_store, 1, third, now()).await, "no older job waits");
}

#[tokio::test]
async fn a_waiting_job_that_does_not_return_blocks_no_other() {
    let (_server, job_store) = start_job_table().await;
    let (first, second, third) =
        (create_job(&job_store).await, create_job(&job_store).await, create_job(&job_store).await);
    assert!(take_slot(&job_store, 1, first, now()).await);
    assert!(!take_slot(&job_store, 1, second, now()).await);
    apply_event(&job_store, first, JobEvent::Cancelled).await;
    assert!(!take_slot(&job_store, 1, third, now() + Duration::minutes(2)).await);
    assert!(take_slot(&job_store, 1, third, now() + Duration::minutes(4)).await);
}
