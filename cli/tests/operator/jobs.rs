//! A job that did not go well is looked after.

use harness::{
    DEAD_LETTER_QUEUE, QUEUE,
    cloud::{Outage, Service},
    until,
};
use serde_json::json;

use crate::world::{World, ended, id};

/// How often the AWS client tries a call.
const ATTEMPTS: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_files_could_not_be_brought_in_is_stored_after_a_retry() {
    let world = World::start().await;
    world.trouble(&json!({ "on": "archive", "kind": "not_a_zip" }));
    let failed = world.ended(6).await;
    let stored = world.landfall(&["retry", &id(&failed), "--wait"]).await.ends(0).document();
    assert_eq!((&stored["job_id"], &stored["status"]), (&failed["job_id"], &"stored".into()));
    assert_eq!(world.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_answer_was_lost_is_a_retry_all_the_same() {
    let world = World::start().await;
    world.trouble(&json!({ "on": "archive", "kind": "not_a_zip" }));
    let failed = id(&world.ended(6).await);
    world.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    world.landfall(&["retry", &failed, "--wait"]).await.ends(0);
    let refused = world.landfall(&["retry", &failed]).await.ends(3);
    assert_eq!(refused.problem(), "job-conflict", "no answer was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_is_asked_for_anew_once_though_the_answer_was_lost() {
    let world = World::start().await;
    let silent = world.silent().await;
    world.landfall(&["cancel", &silent]).await.ends(0);
    assert_eq!(world.landfall(&["retry", &silent]).await.ends(3).problem(), "job-conflict");

    world.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    let new = world.landfall(&["retry", &silent, "--resubmit"]).await.ends(0).document();
    assert_eq!((&new["retry_of"], world.accepted()), (&silent.as_str().into(), 2));
    let old = world.landfall(&["get", &silent]).await.ends(0).document();
    assert_eq!(old["resubmitted_as"], new["job_id"]);
}

/// A world with a job that knows nothing of its one delivery, which is a dead letter; their ids. The worker is paused.
async fn lost() -> (World, String, String) {
    // What fails once is a dead letter.
    let mut world = World::start_with(|mut options| {
        options.most_receipts = 1;
        options.variable("CALLBACK_TIMEOUT_SECONDS", "0")
    })
    .await;
    world.stack.pause_worker();
    let job = id(&world.landfall(&["submit", &world.export(2)]).await.ends(0).document());
    let queued = || world.stack.cloud.queue_depth(QUEUE).map_or(0, |depth| depth.visible);
    until("the delivery is queued", || async { (queued() > 0).then_some(()) }).await;
    // The delivery is written, and what it says of the job is not.
    let faults = world.stack.cloud.faults();
    faults.next(Service::DynamoDb, "PutItem", Outage::None, 1);
    faults.next(Service::DynamoDb, "PutItem", Outage::Refuse503, ATTEMPTS);
    world.stack.resume_worker();
    let delivery = until("the delivery is recorded", || async {
        let job = world.landfall(&["get", &job]).await.ends(0).document();
        job["deliveries"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    until("it is a dead letter", || async {
        let depth = world.stack.cloud.queue_depth(DEAD_LETTER_QUEUE)?;
        (depth.visible == 1).then_some(())
    })
    .await;
    world.stack.pause_worker();
    (world, job, delivery)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_was_lost_is_handed_over_again() {
    let (mut world, job, delivery) = lost().await;
    world.stack.resume_worker();
    let replayed = world.landfall(&["replay", &job, "--delivery", &delivery, "--wait"]).await.ends(0);
    assert_eq!(replayed.document()["status"], "stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_that_a_job_was_at_before_a_replay_is_not_taken_for_its_outcome() {
    let (mut world, job, _) = lost().await;
    let sweep = json!({ "command": "sweep", "ahead_seconds": 60 });
    (world.stack.worker_function)(sweep).await.expect("a sweep");
    assert_eq!(world.landfall(&["get", &job]).await.ends(0).document()["status"], "expired");

    let invocations = || world.stack.cloud.requests().count(Service::Lambda, "Invoke");
    let before = invocations();
    let replaying = world.begin(&["replay", &job, "--wait"]);
    // The replay, and two looks: the first found the job as it was.
    until("the command has looked at the job", || async { (invocations() >= before + 3).then_some(()) })
        .await;
    world.stack.resume_worker();
    let replayed = ended(replaying).await.ends(0);
    assert_eq!(replayed.document()["status"], "stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_a_job_line_by_line() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let ran = world.landfall(&["get", &id(&job), "--output", "text"]).await.ends(0);
    for line in
        [format!("job          {}", id(&job)), "status       stored".into(), "progress     100 %".into()]
    {
        assert!(ran.out.lines().any(|shown| shown == line), "{line}: {}", ran.out);
    }
    assert!(ran.out.lines().all(|line| !line.contains('{')), "{}", ran.out);
}
