//! Completion events of a generation arrive early, late, repeatedly, by two routes and in any format. The generation
//! lands once.

use std::collections::BTreeSet;

use harness::BUCKET;
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Checks that a generation of three formats landed once. Returns its job.
    async fn assert_three_stored_once(&self, id: &str) -> Value {
        let job = self.wait_for_status(id, "stored").await;
        let manifest = self.read_manifest(&job).await;
        assert_eq!(manifest["files"].as_array().map(Vec::len), Some(3), "{manifest:#}");
        self.assert_files_match_manifest(&manifest).await;
        let key = job["manifest"]["key"].as_str().expect("a key");
        assert_eq!((self.object_keys().await.len(), self.cloud.object_writes(BUCKET, key)), (4, 1));
        assert_eq!(job["provider_job_id"], self.generations()["generations"][0]["generation_request_id"]);
        job
    }

    /// Subscribes Landfall to an event of the workspace.
    pub(crate) fn subscribe_to(&self, event: &str) {
        self.admin(
            Method::POST,
            "/subscriptions",
            json!({ "hook_url": self.subscription_url(), "type": event }),
        );
    }
}

#[tokio::test]
async fn a_callback_before_the_response_finds_its_job() {
    let world = World::start_with(|options| options.variable("PROVIDER_TIMEOUT_SECONDS", "20")).await;
    world.inject_fault(json!({ "on": "call", "kind": "callback_first", "seconds": 2 }));
    let response = world.post(&world.three_format_request(), &[]).await;
    assert!(response.body()["error"].is_null(), "{}", response.body());
    let job = world.assert_three_stored_once(&super::accepted_job_id(&response)).await;
    assert_eq!((&job["error"], world.work_requests().len()), (&Value::Null, 1));
}

#[tokio::test]
async fn six_deliveries_and_a_subscription_delivery_have_one_effect() {
    let world = World::start_with(|options| options.variable("IMPORT_KINDS", "generation")).await;
    world.subscribe_to("new_banner_batch");
    let id = world.submit_request(&world.three_format_request()).await;
    world.assert_three_stored_once(&id).await;
    assert_eq!(world.wait_for_attempts(&world.subscription_url(), 1).await, [200]);
    world.wait_for_empty_queue().await;
    let finished = world.job_item(&id).await;

    let url = world.callback_url(&id);
    world.redeliver(&url, 6);
    world.redeliver(&world.subscription_url(), 6);
    assert_eq!(world.wait_for_attempts(&url, 7).await, [200; 7]);
    assert_eq!(world.wait_for_attempts(&world.subscription_url(), 7).await, [200; 7]);
    world.wait_for_empty_queue().await;
    world.assert_three_stored_once(&id).await;
    assert_eq!(world.job_item(&id).await, finished, "the finished job was written again");
    assert_eq!(world.job_items().await.len(), 1, "the submitted generation was imported");
    let recorded: BTreeSet<String> = world.recorded_deliveries(&id).await.into_iter().collect();
    assert_eq!(recorded.len(), 2);
}

#[tokio::test]
async fn a_generation_with_a_lost_callback_lands_by_the_subscription() {
    let world = World::start().await;
    world.subscribe_to("new_banner_batch");
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let id = world.submit_request(&world.three_format_request()).await;
    world.assert_three_stored_once(&id).await;
}

#[tokio::test]
async fn every_event_format_lands_the_generation() {
    let world = World::start().await;
    for (place, knobs) in [
        json!({ "batch_id_key": "id", "event_type": false, "empty_errors": "absent" }),
        json!({ "batch_id_key": "generation_request_id", "batch_is_finalized": true, "rebuilt_body": true }),
        json!({ "batch_id_key": "both", "data_envelope": true, "event_type": false, "batch_is_finalized": false }),
        json!({ "filename": "", "file_url_renewed": true, "file_expiry_seconds": 3600, "data_envelope": false }),
    ]
    .into_iter()
    .enumerate()
    {
        world.admin(Method::PUT, "/knobs", knobs.clone());
        // The response is lost, so the provider job id is known from the event alone.
        world.inject_fault(json!({ "on": "call", "kind": "lost_response" }));
        let job = world.run_job(&world.three_format_request(), "stored").await;
        assert_eq!(job["files_total"], 3, "{knobs}");
        let generation_id = &world.generations()["generations"][place]["generation_request_id"];
        assert_eq!(&job["provider_job_id"], generation_id, "{knobs}");
    }
}

#[tokio::test]
async fn files_without_names_are_named_after_their_format() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "filename": "" }));
    let job = world.run_job(&world.three_format_request(), "stored").await;
    assert_eq!(super::names(&world.read_manifest(&job).await), ["postcard.jpeg", "square.png", "story.jpeg"]);
    world.admin(Method::PUT, "/knobs", json!({ "filename": "../../{design}.{extension}" }));
    let job = world.run_job(&world.three_format_request(), "stored").await;
    assert_eq!(
        super::names(&world.read_manifest(&job).await),
        ["spring (2).jpg", "spring.jpg", "spring.png"]
    );
    let prefix = job["manifest"]["key"].as_str().and_then(|key| key.strip_suffix("manifest.json"));
    let inside =
        |file: &Value| file["key"].as_str().is_some_and(|key| key.starts_with(prefix.expect("a prefix")));
    assert!(job["files"].as_array().expect("files").iter().all(inside), "{job:#}");
}

#[tokio::test]
async fn an_unsigned_delivery_is_rejected_and_both_secrets_are_accepted_during_a_rotation() {
    let world = World::start().await;
    let (id, url) = world.submit_generation_without_callback(&world.three_format_request()).await;
    let body = json!({ "event_type": "NEW_BANNER_BATCH", "id": "forged", "banners": [], "errors": [] });
    assert_eq!(world.deliver(json!({ "url": url, "body": body })).await, 401);
    assert_eq!(world.job(&id).await["status"], "submitted");

    world.call_abyssale("/signing-secret/rotate", Value::Null).await;
    world.redeliver(&url, 1);
    assert_eq!(world.wait_for_attempts(&url, 1).await, [200], "signed with the old secret and the new one");
    world.assert_three_stored_once(&id).await;
}

#[tokio::test]
async fn an_unknown_event_is_acknowledged_and_changes_nothing() {
    let world = World::start().await;
    let (id, url) = world.submit_generation_without_callback(&world.three_format_request()).await;
    for body in [
        json!({ "event_type": "NEW_BANNER_BATCH_PROGRESS", "id": "g", "percent": 50 }),
        json!({ "id": "g", "banners": [], "errors": [], "is_finalized": false, "news": { "of": [1] } }),
        json!([]),
        json!("not JSON"),
    ] {
        assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200, "{body}");
    }
    world.wait_for_empty_queue().await;
    assert_eq!(world.job(&id).await["status"], "submitted");
    world.redeliver(&url, 1);
    world.assert_three_stored_once(&id).await;
}
