//! Jobs that an invocation carries from step to step instead of reading them again, in DynamoDB.

use job_store::{ClaimOutcome, JobStore, LeaseOutcome, StoredJob};
use model::{Error, ErrorClass, JobChange, JobEvent, JobId, JobStatus, ProviderJobId, Source};

use crate::{
    job_store_in_dynamodb::{LEASE, create_received_job, finished_event, new_job, now},
    server::start_job_table,
};

async fn stored_job(job_store: &JobStore, id: JobId) -> StoredJob {
    job_store.get_stored(id).await.expect("an answer").expect("the job")
}

#[tokio::test]
async fn a_carried_job_is_changed_in_one_write_and_can_be_carried_on() {
    let (_server, job_store) = start_job_table().await;
    let job = new_job();
    let Ok(ClaimOutcome::Created(job)) = job_store.claim(&job, None, now()).await else { panic!("new") };
    let accepted = JobEvent::SubmissionAccepted { provider_job_id: ProviderJobId::new("t") };
    let (job, _) = job_store.apply_event_to(&job, &accepted, now()).await.expect("applied");
    let (job, _) = job_store.apply_event_to(&job, &finished_event(), now()).await.expect("applied");
    let acquired = job_store.acquire_lease(job.id, Some(&job), LEASE, now()).await;
    assert!(matches!(acquired, Ok(LeaseOutcome::Acquired { is_repeat: false, .. })), "{acquired:?}");
    let landing = stored_job(&job_store, job.id).await;
    assert_eq!((landing.status, landing.version), (JobStatus::Landing, 3));
}

#[tokio::test]
async fn a_carried_job_that_was_changed_meanwhile_is_read_again() {
    let (_server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let carried = stored_job(&job_store, id).await;
    job_store.apply_event(id, &JobEvent::Cancelled, now()).await.expect("cancelled");
    let other = JobEvent::FilesReady { sources: vec![Source::archive("https://x/b.zip")], missing: vec![] };
    let (job, change) = job_store.apply_event_to(&carried, &other, now()).await.expect("an answer");
    assert_eq!((job.status, change), (JobStatus::Cancelled, JobChange::Unchanged));
    let lease = job_store.acquire_lease(id, Some(&carried), LEASE, now()).await;
    assert!(matches!(lease, Ok(LeaseOutcome::NothingToLand(_))), "{lease:?}");
}

#[tokio::test]
async fn a_change_of_a_carried_job_keeps_the_lease_that_was_taken_meanwhile() {
    let (_server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let carried = stored_job(&job_store, id).await;
    let Ok(LeaseOutcome::Acquired { lease, .. }) =
        job_store.acquire_lease(id, Some(&carried), LEASE, now()).await
    else {
        panic!("free")
    };
    let second = job_store.acquire_lease(id, Some(&carried), LEASE, now()).await;
    assert!(matches!(second, Ok(LeaseOutcome::HeldByAnother(_))), "{second:?}");
    let other = JobEvent::FilesReady { sources: vec![Source::archive("https://x/b.zip")], missing: vec![] };
    let (job, change) = job_store.apply_event_to(&carried, &other, now()).await.expect("applied");
    assert_eq!((job.status, change), (JobStatus::Landing, JobChange::Recorded));
    job_store.renew_lease(&lease, LEASE, now()).await.expect("still held");
}

#[tokio::test]
async fn what_a_carried_job_does_not_show_is_read() {
    let (_server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let Ok(LeaseOutcome::Acquired { lease, .. }) = job_store.acquire_lease(id, None, LEASE, now()).await
    else {
        panic!("free")
    };
    let error = Error::new(ErrorClass::FilesMissing, "none").to_job_error(now());
    let outcome = JobEvent::LandingFailed { archive: None, transfer: None, error };
    job_store.apply_event_under_lease(&lease, &outcome, now()).await.expect("held");
    let ended = stored_job(&job_store, id).await;
    job_store.apply_event(id, &JobEvent::LandingRetried, now()).await.expect("received again");

    // The failed job accepts no files, the newest one does.
    let other = JobEvent::FilesReady { sources: vec![Source::archive("https://x/b.zip")], missing: vec![] };
    let (job, change) = job_store.apply_event_to(&ended, &other, now()).await.expect("an answer");
    assert_eq!((job.status, change), (JobStatus::Received, JobChange::Recorded));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_workers_that_carry_the_same_job_one_takes_its_lease() {
    let (_server, job_store) = start_job_table().await;
    let id = create_received_job(&job_store).await;
    let carried = stored_job(&job_store, id).await;
    let workers: Vec<_> = (0..20)
        .map(|_| {
            let (job_store, carried) = (job_store.clone(), carried.clone());
            tokio::spawn(async move { job_store.acquire_lease(id, Some(&carried), LEASE, now()).await })
        })
        .collect();
    let mut holders = 0;
    for worker in workers {
        match worker.await.expect("no panic").expect("an answer") {
            LeaseOutcome::Acquired { .. } => holders += 1,
            // Counted from when this worker began, which may be before the holder did.
            LeaseOutcome::HeldByAnother(wait) => assert!(wait <= 2 * LEASE, "{wait:?}"),
            LeaseOutcome::NothingToLand(job) => panic!("{}", job.status),
        }
    }
    assert_eq!(holders, 1);
}
