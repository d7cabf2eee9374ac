//! `retry`, `cancel`, `replay` and `get` for jobs that failed, expired or lost a delivery.

use harness::{
    DEAD_LETTER_QUEUE, DELIVERY_QUEUE,
    cloud::{Outage, Service},
    until,
};
use serde_json::json;

use crate::operator_workspace::{Workspace, id, wait_for_exit};

/// The attempts of the AWS SDK at one request.
const SDK_ATTEMPTS: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_a_corrupt_archive_is_stored_after_a_retry() {
    let workspace = Workspace::start().await;
    workspace.inject_fault(&json!({ "on": "archive", "kind": "not_a_zip" }));
    let failed = workspace.run_job_to_end(6).await;
    let stored = workspace.landfall(&["retry", &id(&failed), "--wait"]).await.expect_exit(0).document();
    assert_eq!((&stored["job_id"], &stored["status"]), (&failed["job_id"], &"stored".into()));
    assert_eq!(workspace.accepted_exports(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_response_is_lost_succeeds() {
    let workspace = Workspace::start().await;
    workspace.inject_fault(&json!({ "on": "archive", "kind": "not_a_zip" }));
    let failed = id(&workspace.run_job_to_end(6).await);
    workspace.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    workspace.landfall(&["retry", &failed, "--wait"]).await.expect_exit(0);
    let refused = workspace.landfall(&["retry", &failed]).await.expect_exit(3);
    assert_eq!(refused.problem(), "job-conflict", "this conflict is real: no response was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_is_resubmitted_once_even_if_the_response_is_lost() {
    let workspace = Workspace::start().await;
    let submitted = workspace.submit_without_callback().await;
    workspace.landfall(&["cancel", &submitted]).await.expect_exit(0);
    assert_eq!(workspace.landfall(&["retry", &submitted]).await.expect_exit(3).problem(), "job-conflict");

    workspace.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    let new = workspace.landfall(&["retry", &submitted, "--resubmit"]).await.expect_exit(0).document();
    assert_eq!((&new["retry_of"], workspace.accepted_exports()), (&submitted.as_str().into(), 2));
    let old = workspace.landfall(&["get", &submitted]).await.expect_exit(0).document();
    assert_eq!(old["resubmitted_as"], new["job_id"]);
}

/// Starts a workspace with a job whose only delivery is logged, unprocessed and in the dead-letter queue. The worker is
/// paused. Returns the workspace and the IDs of the job and the delivery.
async fn start_with_dead_lettered_delivery() -> (Workspace, String, String) {
    // A message goes to the dead-letter queue after one failure.
    let mut workspace = Workspace::start_with(|mut options| {
        options.max_receive_count = 1;
        options.variable("CALLBACK_TIMEOUT_SECONDS", "0").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    workspace.stack.pause_worker();
    let job =
        id(&workspace.landfall(&["submit", &workspace.export_request(2)]).await.expect_exit(0).document());
    let queued = || workspace.stack.cloud.queue_depth(DELIVERY_QUEUE).map_or(0, |depth| depth.visible);
    until("the delivery is queued", || async { (queued() > 0).then_some(()) }).await;
    // The first write logs the delivery and succeeds. The second write updates the job and fails.
    let faults = workspace.stack.cloud.faults();
    faults.next(Service::DynamoDb, "PutItem", Outage::None, 1);
    faults.next(Service::DynamoDb, "PutItem", Outage::Refuse503, SDK_ATTEMPTS);
    workspace.stack.resume_worker();
    let delivery = until("the delivery is recorded", || async {
        let job = workspace.landfall(&["get", &job]).await.expect_exit(0).document();
        job["deliveries"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    until("the delivery is in the dead-letter queue", || async {
        let depth = workspace.stack.cloud.queue_depth(DEAD_LETTER_QUEUE)?;
        (depth.visible == 1).then_some(())
    })
    .await;
    workspace.stack.pause_worker();
    (workspace, job, delivery)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_lettered_delivery_is_processed_after_a_replay() {
    let (mut workspace, job, delivery) = start_with_dead_lettered_delivery().await;
    workspace.stack.resume_worker();
    let replayed =
        workspace.landfall(&["replay", &job, "--delivery", &delivery, "--wait"]).await.expect_exit(0);
    assert_eq!(replayed.document()["status"], "stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_does_not_report_the_final_status_before_it() {
    let (mut workspace, job, _) = start_with_dead_lettered_delivery().await;
    let sweep = json!({ "command": "sweep", "ahead_seconds": 60 });
    (workspace.stack.worker_function)(sweep).await.expect("a sweep");
    assert_eq!(workspace.landfall(&["get", &job]).await.expect_exit(0).document()["status"], "expired");

    let invocations = || workspace.stack.cloud.requests().count(Service::Lambda, "Invoke");
    let before = invocations();
    let replaying = workspace.spawn(&["replay", &job, "--wait"]);
    // The replay and two polls: the first poll returns the job unchanged.
    until("the command has polled the job", || async { (invocations() >= before + 3).then_some(()) }).await;
    workspace.stack.resume_worker();
    let replayed = wait_for_exit(replaying).await.expect_exit(0);
    assert_eq!(replayed.document()["status"], "stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_output_shows_a_job_line_by_line() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let result = workspace.landfall(&["get", &id(&job), "--output", "text"]).await.expect_exit(0);
    for line in [
        format!("job              {}", id(&job)),
        "status           stored".into(),
        "progress         100 %".into(),
    ] {
        assert!(result.stdout.lines().any(|printed| printed == line), "{line}: {}", result.stdout);
    }
    assert!(result.stdout.lines().all(|line| !line.contains('{')), "{}", result.stdout);
}
