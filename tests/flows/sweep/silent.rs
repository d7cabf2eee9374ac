//! Work that cannot be asked about, and work that nobody knows to be under way.

use serde_json::{Value, json};

use super::{A_MINUTE, counts};
use crate::{generation::says, world::World};

#[tokio::test]
async fn an_export_that_nobody_hears_of_expires_and_still_lands_when_its_callback_comes() {
    let world = World::start_with(|options| options.variable("CALLBACK_TIMEOUT_SECONDS", "0")).await;
    let (id, url) = world.submitted_in_silence(2).await;
    assert_eq!(counts(&world.sweep(A_MINUTE).await), (1, 1));
    let job = world.job(&id).await;
    assert_eq!(job["status"], "expired", "{job:#}");
    assert_eq!(
        (&job["error"]["type"], &job["error"]["retryable"]),
        (&json!("ProviderSilent"), &json!(false))
    );
    says(&job["error"]["message"], &["sent no update", "if an update arrives later"]);
    assert_eq!(counts(&world.sweep(7 * 24 * 3600).await), (0, 0));

    world.redeliver(&url, 1);
    let job = world.ends(&id, "stored").await;
    assert_eq!((&job["error"], &job["archive"]["entries"]), (&Value::Null, &json!(2)));
}

#[tokio::test]
async fn an_export_is_waited_for_until_its_time_is_over() {
    let world = World::start().await;
    let (id, _) = world.submitted_in_silence(1).await;
    for _ in 0..3 {
        world.sweep(A_MINUTE).await;
    }
    assert_eq!(world.job(&id).await["status"], "submitted");
    assert_eq!(counts(&world.sweep(A_MINUTE).await), (0, 0), "it is looked at again when its day is over");
    assert_eq!(world.polls(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_job_whose_maker_died_is_unknown_until_its_callback_comes() {
    let world = World::start().await;
    let (id, url) = world.generated_in_silence(&world.three_formats()).await;
    // As it was before the answer, which its maker did not live to hear.
    let asking = [("status", "submitting"), ("updated_at", "2026-01-01T00:00:00Z")];
    world.tamper(&id, &asking, &["provider_job_id", "provider_job_key"]).await;
    assert_eq!(counts(&world.sweep(A_MINUTE).await), (1, 1));
    let job = world.job(&id).await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("unknown"), &json!("ProviderOutcomeUnknown"))
    );
    says(&job["error"]["message"], &["interrupted"]);

    world.redeliver(&url, 1);
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["provider_job_id"], world.generations()["generations"][0]["generation_request_id"]);
    assert_eq!((&job["error"], world.posts().len()), (&Value::Null, 1));
}

#[tokio::test]
async fn a_job_whose_maker_may_still_be_asking_is_left_alone() {
    let world = World::start().await;
    let (id, _) = world.generated_in_silence(&world.three_formats()).await;
    world.tamper(&id, &[("status", "submitting")], &["provider_job_id", "provider_job_key"]).await;
    assert_eq!(counts(&world.sweep(A_MINUTE).await), (1, 0));
    assert_eq!(world.job(&id).await["status"], "submitting");
}
