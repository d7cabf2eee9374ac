//! Jobs that cannot be polled expire, and interrupted submissions become unknown.

use serde_json::{Value, json};

use super::{A_MINUTE, sweep_counts};
use crate::{generation::assert_mentions, world::World};

#[tokio::test]
async fn an_export_without_a_callback_expires_and_lands_when_its_callback_arrives() {
    let world = World::start_with(|options| {
        options.variable("CALLBACK_TIMEOUT_SECONDS", "0").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    let (id, url) = world.submit_export_without_callback(2).await;
    assert_eq!(sweep_counts(&world.sweep(A_MINUTE).await), (1, 1));
    let job = world.job(&id).await;
    assert_eq!(job["status"], "expired", "{job:#}");
    assert_eq!(
        (&job["error"]["type"], &job["error"]["retryable"]),
        (&json!("ProviderSilent"), &json!(false))
    );
    assert_mentions(&job["error"]["message"], &["sent no update", "if an update arrives later"]);
    assert_eq!(sweep_counts(&world.sweep(7 * 24 * 3600).await), (0, 0));

    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["error"], &job["archive"]["entries"]), (&Value::Null, &json!(2)));
}

#[tokio::test]
async fn an_export_stays_submitted_until_its_callback_timeout() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(1).await;
    for _ in 0..3 {
        world.sweep(A_MINUTE).await;
    }
    assert_eq!(world.job(&id).await["status"], "submitted");
    assert_eq!(
        sweep_counts(&world.sweep(A_MINUTE).await),
        (0, 0),
        "the job is due again at its callback timeout"
    );
    assert_eq!(world.polls(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_job_whose_submission_was_interrupted_is_unknown_until_its_callback_arrives() {
    let world = World::start().await;
    let (id, url) = world.submit_generation_without_callback(&world.three_format_request()).await;
    // The state before the response, which the interrupted submission did not receive.
    let submitting = [("status", "submitting"), ("updated_at", "2026-01-01T00:00:00Z")];
    world.update_job_item(&id, &submitting, &["provider_job_id", "provider_job_key"]).await;
    assert_eq!(sweep_counts(&world.sweep(A_MINUTE).await), (1, 1));
    let job = world.job(&id).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("unknown"), &json!("ProviderOutcomeUnknown"))
    );
    assert_mentions(&job["error"]["message"], &["interrupted"]);

    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["provider_job_id"], world.generations()["generations"][0]["generation_request_id"]);
    assert_eq!((&job["error"], world.work_requests().len()), (&Value::Null, 1));
}

#[tokio::test]
async fn a_job_whose_submission_may_still_run_is_not_changed() {
    let world = World::start().await;
    let (id, _) = world.submit_generation_without_callback(&world.three_format_request()).await;
    world.update_job_item(&id, &[("status", "submitting")], &["provider_job_id", "provider_job_key"]).await;
    assert_eq!(sweep_counts(&world.sweep(A_MINUTE).await), (1, 0));
    assert_eq!(world.job(&id).await["status"], "submitting");
}
