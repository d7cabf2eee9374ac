//! Jobs in DynamoDB: created once, changed by one writer at a time, landed by one worker at a time.

use std::{collections::HashSet, time::Duration};

use harness::until;
use job_store::{ClaimOutcome, IdempotencyKey, JobStore, LeaseOutcome, NewDeliveryLogEntry};
use model::{
    ErrorClass, Job, JobChange, JobEvent, JobId, JobOrigin, JobStatus, NewJob, ProviderJobId, ProviderName,
    Source,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::server::start_job_table;

pub(crate) const LEASE: Duration = Duration::from_secs(60);

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

pub(crate) fn new_job() -> Job {
    Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("abyssale"),
        kind: "export".into(),
        request: json!({ "banner_ids": ["a"] }),
        expected_files: Some(1),
        metadata: Some(json!({ "deep": { "": [1.5, null, "é", { "n": 123_456_789_012_345_678_u64 }] } })),
        unpack: Some(false),
        origin: JobOrigin::Submitted,
    })
}

pub(crate) fn finished_event() -> JobEvent {
    JobEvent::FilesReady { sources: vec![Source::archive("https://x/a.zip?s=1")], missing: vec![] }
}

pub(crate) async fn create_received_job(job_store: &JobStore) -> JobId {
    let job = new_job();
    job_store.claim(&job, None, now()).await.expect("a claim");
    job_store.apply_event(job.id, &finished_event(), now()).await.expect("an event");
    job.id
}

#[tokio::test]
async fn a_job_reads_back_as_it_was_written() {
    let (_server, job_store) = start_job_table().await;
    let job = new_job();
    assert!(matches!(job_store.claim(&job, None, now()).await, Ok(ClaimOutcome::Created(_))));
    let read = job_store.get(job.id).await.expect("an answer").expect("the job");
    assert_eq!(
        (read.id, read.status, read.request, read.metadata),
        (job.id, JobStatus::Submitting, job.request, job.metadata)
    );
    assert!(job_store.get(JobId::generate()).await.expect("an answer").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_concurrent_claims_with_one_key_one_creates_the_job() {
    let (_server, job_store) = start_job_table().await;
    let key = IdempotencyKey::new("caller", "spring", &json!({ "a": 1 }));
    let claims = (0..50).map(|_| {
        let (job_store, key) = (job_store.clone(), key.clone());
        tokio::spawn(async move {
            let job = new_job();
            match job_store.claim(&job, Some(&key), now()).await.expect("a claim") {
                ClaimOutcome::Created(_) => (true, job.id),
                ClaimOutcome::Existing(job) => (false, job.id),
                ClaimOutcome::KeyMismatch => panic!("the request is the same"),
            }
        })
    });
    let claims: Vec<_> = claims.collect();
    let (mut made, mut ids) = (0, HashSet::new());
    for claim in claims {
        let (new, id) = claim.await.expect("no panic");
        made += u32::from(new);
        ids.insert(id);
    }
    assert_eq!((made, ids.len()), (1, 1));
}

#[tokio::test]
async fn a_retried_claim_finds_itself() {
    let (_server, job_store) = start_job_table().await;
    let key = IdempotencyKey::new("caller", "spring", &json!({}));
    for key in [Some(&key), None] {
        let job = new_job();
        for _ in 0..2 {
            let claimed = job_store.claim(&job, key, now()).await;
            assert!(matches!(claimed, Ok(ClaimOutcome::Created(_))), "{claimed:?}");
        }
    }
}

#[tokio::test]
async fn a_key_with_another_request_is_a_mismatch_and_a_freed_key_is_new() {
    let (_server, job_store) = start_job_table().await;
    let key = IdempotencyKey::new("caller", "spring", &json!({ "a": 1 }));
    let first = new_job();
    job_store.claim(&first, Some(&key), now()).await.expect("a claim");
    let other = IdempotencyKey::new("caller", "spring", &json!({ "a": 2 }));
    assert!(matches!(job_store.claim(&new_job(), Some(&other), now()).await, Ok(ClaimOutcome::KeyMismatch)));
    job_store.release_idempotency_key(&key, first.id).await.expect("freed");
    assert!(matches!(job_store.claim(&new_job(), Some(&key), now()).await, Ok(ClaimOutcome::Created(_))));
    job_store.release_idempotency_key(&key, first.id).await.expect("an answer");
    assert!(matches!(job_store.claim(&new_job(), Some(&key), now()).await, Ok(ClaimOutcome::Existing(_))));
}

#[tokio::test]
async fn an_expired_key_is_new_although_its_item_still_exists() {
    let (_server, job_store) = start_job_table().await;
    let key = IdempotencyKey::new("caller", "spring", &json!({}));
    let long_ago = now() - time::Duration::days(16);
    job_store.claim(&new_job(), Some(&key), long_ago).await.expect("a claim");
    assert!(matches!(job_store.claim(&new_job(), Some(&key), now()).await, Ok(ClaimOutcome::Created(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_events_are_all_applied() {
    let (_server, job_store) = start_job_table().await;
    let job = new_job();
    job_store.claim(&job, None, now()).await.expect("a claim");
    let accepted = JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") };
    let events = [
        accepted,
        finished_event(),
        JobEvent::ProgressReported { percent: 7.0 },
        JobEvent::ProgressReported { percent: 9.0 },
    ];
    let writers: Vec<_> = events
        .into_iter()
        .map(|event| {
            let job_store = job_store.clone();
            tokio::spawn(async move { job_store.apply_event(job.id, &event, now()).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic").expect("applied");
    }
    let job = job_store.get(job.id).await.expect("an answer").expect("the job");
    assert_eq!((job.status, job.provider_job_id), (JobStatus::Received, Some(ProviderJobId::new("t"))));
    let (_, change) = job_store.apply_event(job.id, &finished_event(), now()).await.expect("an answer");
    assert_eq!(change, JobChange::Unchanged);
}

#[tokio::test]
async fn a_job_is_found_by_its_provider_job_id() {
    let (_server, job_store) = start_job_table().await;
    let job = new_job();
    job_store.claim(&job, None, now()).await.expect("a claim");
    let (provider, provider_job_id) = (ProviderName::new("abyssale"), ProviderJobId::new("t-1"));
    assert!(
        job_store.find_by_provider_job_id(&provider, &provider_job_id).await.expect("an answer").is_none()
    );
    job_store
        .apply_event(
            job.id,
            &JobEvent::SubmissionAccepted { provider_job_id: provider_job_id.clone() },
            now(),
        )
        .await
        .expect("an event");
    let found = until("the index has the job", || async {
        job_store.find_by_provider_job_id(&provider, &provider_job_id).await.expect("an answer")
    });
    assert_eq!(found.await, job.id);
}

#[tokio::test]
async fn one_worker_holds_the_lease_and_a_lost_lease_cannot_write() {
    let (_server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let LeaseOutcome::Acquired { lease: first, job, .. } =
        job_store.acquire_lease(id, None, LEASE, now()).await.expect("an answer")
    else {
        panic!("no other worker holds the lease")
    };
    assert_eq!(job.status, JobStatus::Landing);
    assert!(matches!(
        job_store.acquire_lease(id, None, LEASE, now()).await,
        Ok(LeaseOutcome::HeldByAnother(_))
    ));
    job_store.renew_lease(&first, LEASE, now()).await.expect("still held");

    // The first worker stops responding; after its lease has expired another one takes over.
    let later = now() + LEASE * 2;
    let LeaseOutcome::Acquired { lease: second, .. } =
        job_store.acquire_lease(id, None, LEASE, later).await.expect("an answer")
    else {
        panic!("the lease has expired")
    };
    let landed = JobEvent::Landed { landed_files: Box::default(), transfer: None };
    let lost = job_store.apply_event_under_lease(&first, &landed, later).await.expect_err("lost");
    assert_eq!(lost.class, ErrorClass::LandingBusy);
    assert!(job_store.renew_lease(&first, LEASE, later).await.is_err());
    job_store.apply_event_under_lease(&second, &landed, later).await.expect("held");
    assert!(
        matches!(job_store.acquire_lease(id, None, LEASE, later).await, Ok(LeaseOutcome::NothingToLand(job)) if job.status == JobStatus::Stored)
    );
}

#[tokio::test]
async fn a_released_lease_is_free_at_once() {
    let (_server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let LeaseOutcome::Acquired { lease, .. } =
        job_store.acquire_lease(id, None, LEASE, now()).await.expect("an answer")
    else {
        panic!("free")
    };
    job_store.release_lease(&lease, now()).await.expect("released");
    let again = job_store.acquire_lease(id, None, LEASE, now() + Duration::from_millis(5)).await;
    assert!(matches!(again, Ok(LeaseOutcome::Acquired { .. })));
}

#[tokio::test]
async fn a_delivery_is_recorded_once() {
    let (server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let received_at = now();
    for _ in 0..2 {
        let delivery = NewDeliveryLogEntry {
            received_at,
            id: "d",
            name: "NEW_EXPORT",
            body: Some("{}"),
            body_key: None,
            problem: None,
        };
        job_store.record_delivery(id, &delivery).await.expect("recorded");
    }
    let items = server.clients.dynamodb.query().table_name(&server.name);
    let items = items.key_condition_expression("pk = :job AND begins_with(sk, :kind)");
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let items = items.expression_attribute_values(":job", text(&id.to_string()));
    let items =
        items.expression_attribute_values(":kind", text("DELIVERY#")).send().await.expect("an answer");
    assert_eq!(items.count(), 1);
}
