//! Requests that DynamoDB rejects or answers in part although nothing is wrong with the job.

use std::time::Duration;

use harness::cloud::{Outage, Rejection, Service};
use job_store::{IdempotencyKey, JobStore, LeaseOutcome};
use model::{ErrorClass, Job, JobEvent, JobId, JobOrigin, NewJob, ProviderName, Source};
use serde_json::json;
use time::OffsetDateTime;

use crate::server::{Server, create_job_table};

const LEASE: Duration = Duration::from_secs(60);

async fn start() -> (Server, JobStore) {
    create_job_table(Server::start_embedded().await).await
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn new_job(request: serde_json::Value) -> Job {
    Job::new(NewJob {
        id: JobId::generate(),
        provider: ProviderName::new("abyssale"),
        kind: "export".into(),
        request,
        expected_files: Some(1),
        metadata: None,
        unpack: Some(false),
        origin: JobOrigin::Submitted,
    })
}

async fn create_job(job_store: &JobStore) -> JobId {
    let job = new_job(json!({}));
    job_store.claim(&job, None, now()).await.expect("a claim");
    job.id
}

fn files_ready() -> JobEvent {
    JobEvent::FilesReady { sources: vec![Source::archive("https://x/a.zip")], missing: vec![] }
}

fn reject_next(server: &Server, operation: &str, rejection: Rejection) {
    server.cloud().faults().next(Service::DynamoDb, operation, Outage::Reject(rejection), 1);
}

#[tokio::test]
async fn a_job_update_that_met_a_transaction_is_written() {
    let (server, job_store) = start().await;
    let id = create_job(&job_store).await;
    reject_next(&server, "PutItem", Rejection::TRANSACTION_CONFLICT);
    job_store.apply_event(id, &files_ready(), now()).await.expect("written at the second attempt");
}

#[tokio::test]
async fn a_lease_renewal_that_met_a_transaction_is_written() {
    let (server, job_store) = start().await;
    let id = create_job(&job_store).await;
    job_store.apply_event(id, &files_ready(), now()).await.expect("written");
    let acquired = job_store.acquire_lease(id, None, LEASE, now()).await.expect("an answer");
    let LeaseOutcome::Acquired { lease, .. } = acquired else { panic!("the lease was free: {acquired:?}") };
    reject_next(&server, "UpdateItem", Rejection::TRANSACTION_CONFLICT);
    job_store.renew_lease(&lease, LEASE, now()).await.expect("written at the second attempt");
}

#[tokio::test]
async fn a_key_release_that_met_a_transaction_is_written() {
    let (server, job_store) = start().await;
    let key = IdempotencyKey::new("caller", "key", &json!({}));
    let job = new_job(json!({}));
    job_store.claim(&job, Some(&key), now()).await.expect("a claim");
    reject_next(&server, "DeleteItem", Rejection::TRANSACTION_CONFLICT);
    job_store.release_idempotency_key(&key, job.id).await.expect("written at the second attempt");
}

#[tokio::test]
async fn a_held_lock_is_not_acquired_when_the_response_has_no_item() {
    let (server, job_store) = start().await;
    let (provider, holder) = (ProviderName::new("ai_studios"), create_job(&job_store).await);
    let other = create_job(&job_store).await;
    let acquire = |job| job_store.acquire_lock(&provider, "project", job, now());
    assert_eq!(acquire(holder).await.expect("an answer"), None, "the lock was free");
    reject_next(&server, "PutItem", Rejection::CONDITION_FAILED_WITHOUT_ITEM);
    assert_eq!(acquire(other).await.expect("an answer"), Some(holder));
}

#[tokio::test]
async fn a_claim_with_an_item_that_is_too_large_is_rejected_at_once_and_for_good() {
    let (server, job_store) = start().await;
    let key = IdempotencyKey::new("caller", "key", &json!({}));
    server.cloud().faults().next(
        Service::DynamoDb,
        "TransactWriteItems",
        Outage::Reject(Rejection::TRANSACTION_CANCELLED_BY_ITEM_SIZE),
        u32::MAX,
    );
    let error = job_store.claim(&new_job(json!({})), Some(&key), now()).await.expect_err("rejected");
    assert_eq!(error.class, ErrorClass::StorageRejected, "{error:?}");
    assert_eq!(server.cloud().requests().count(Service::DynamoDb, "TransactWriteItems"), 1);
}

#[tokio::test]
async fn large_jobs_are_listed_although_a_response_holds_only_some_of_them() {
    let (server, job_store) = start().await;
    let mut ids = vec![];
    for _ in 0..40 {
        let job = new_job(json!({ "text": "x".repeat(200_000) }));
        job_store.claim(&job, None, now()).await.expect("a claim");
        ids.push(job.id);
    }
    let jobs = job_store.get_batch(&ids).await.expect("every job");
    assert_eq!(jobs.len(), ids.len());
    assert!(server.cloud().requests().count(Service::DynamoDb, "BatchGetItem") > 6);
}
