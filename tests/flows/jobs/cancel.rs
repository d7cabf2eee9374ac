//! A job is cancelled wherever it stands, and nothing brings it back.

use harness::until;
use serde_json::{Value, json};

use crate::{
    archive_builder::archive_of,
    rate_limit::paced,
    world::{World, problem},
};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_job_that_waits_is_never_asked_for_once_it_is_cancelled() {
    let mut world = paced(0.25, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0")).await;
    let id = world.one_waits(&[]).await;
    world.cancelled(&id).await;
    world.stack.resume_submissions();
    until("the queue is empty", || async { (world.queued().await == 0).then_some(()) }).await;
    assert_eq!((world.job(&id).await["status"].as_str(), world.accepted_posts()), (Some("cancelled"), 1));
}

#[tokio::test]
async fn a_submission_that_is_under_way_does_not_bring_its_job_back() {
    let world = World::start().await;
    world.trouble(json!({ "on": "call", "kind": "late", "seconds": 1 }));
    let request = world.export(1);
    let submitting = async {
        let answer = world.post(&request, &[]).await;
        assert_eq!((answer.status().as_u16(), &answer.body()["status"]), (202, &json!("cancelled")));
        assert!(
            answer.body()["provider_job_id"].is_string(),
            "what the provider calls its work is worth knowing"
        );
    };
    let cancelling = async {
        let id = until("the job is in the table", || async {
            Some(world.jobs().await.first()?.get("pk")?.as_s().ok()?.clone())
        })
        .await;
        world.cancelled(&id).await;
        id
    };
    let ((), id) = tokio::join!(submitting, cancelling);
    let url = world.callback_url(&id);
    world.answers(&url, 1).await;
    world.rests().await;
    assert_eq!((world.job(&id).await["status"].as_str(), world.keys().await), (Some("cancelled"), vec![]));
}

#[tokio::test]
async fn a_late_callback_is_acknowledged_and_recorded_and_lands_nothing() {
    let world = World::start_with(|options| options.variable("EVENT_BUS_NAME", "landfall")).await;
    let (id, url) = world.submitted_in_silence(1).await;
    let job = world.cancelled(&id).await;
    assert_eq!((&job["error"], job["provider_job_id"].is_string()), (&Value::Null, true));

    world.redeliver(&url, 1);
    until("the callback was taken", || async {
        let sent = world.deliveries().into_iter().filter(|sent| sent["url"] == url.as_str());
        sent.flat_map(|sent| sent["attempts"].as_array().cloned().unwrap_or_default())
            .any(|attempt| attempt["status"] == 200)
            .then_some(())
    })
    .await;
    world.rests().await;
    let job = world.job(&id).await;
    assert_eq!((&job["status"], job["deliveries"].as_array().map(Vec::len)), (&json!("cancelled"), Some(1)));
    assert_eq!(world.keys().await, Vec::<String>::new());
    let told: Vec<String> = world.cloud.events().into_iter().map(|event| event.detail_type).collect();
    assert_eq!(told, ["Job Submitted", "Job Cancelled"]);
    let answer = world.tell(&id, "replay", Value::Null).await;
    problem(&answer, 409, "job-conflict");
    assert_eq!(world.tell(&id, "cancel", json!({})).await.status(), 200, "once more does no harm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_stops_and_leaves_no_upload_open() {
    let world = World::start().await;
    world.next_archive(archive_of(3, 33 * MIB));
    let slow =
        json!({ "on": "archive", "kind": "slow", "count": null, "chunk": 40_000, "pause_seconds": 0.02 });
    world.trouble(slow);
    let id = world.submitted(3).await;
    until("the archive is on its way", || async {
        (world.job(&id).await["status"] == "landing" && !world.open_uploads().await.is_empty()).then_some(())
    })
    .await;
    world.cancelled(&id).await;
    until("nothing is open any more", || async { world.open_uploads().await.is_empty().then_some(()) }).await;
    world.rests().await;
    assert_eq!(world.job(&id).await["status"], "cancelled");
    assert_eq!(world.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_job_at_its_end_cannot_be_cancelled() {
    let world = World::start().await;
    let id = world.submitted(1).await;
    world.ends(&id, "stored").await;
    let answer = world.tell(&id, "cancel", Value::Null).await;
    assert_eq!(problem(&answer, 409, "job-conflict")["job_id"], json!(id));
    let answer = world.tell(&id, "cancel", json!({ "why": "no" })).await;
    problem(&answer, 400, "invalid-request");
    problem(
        &world.tell("0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a", "cancel", Value::Null).await,
        404,
        "not-found",
    );
    assert_eq!(world.job(&id).await["status"], "stored");
}

#[tokio::test]
async fn a_video_that_is_not_wanted_any_more_makes_way_for_the_next() {
    let world = World::start().await;
    let project = world.simulator("ai_studios").describe()["project_ids"][0].clone();
    let request = json!({ "provider": "ai_studios", "kind": "export", "project_id": project });
    let first = world.taken(&request).await;
    problem(&world.post(&request, &[]).await, 409, "provider-conflict");
    world.cancelled(&first).await;
    let second = world.taken(&request).await;
    assert_ne!(first, second);
}
