//! Workspace events about banners and designs.

use harness::{StackOptions, until};
use http::Method;
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Creates a generation outside Landfall, without a callback URL. Returns its id.
    async fn generate_elsewhere(&self, formats: Value) -> Value {
        let design = self.design("static")["id"].as_str().expect("an id").to_owned();
        let path = format!("/async/banner-builder/{design}/generate");
        self.call_abyssale(&path, json!({ "template_format_names": formats })).await["generation_request_id"]
            .clone()
    }

    /// Waits until so many deliveries of the subscription were accepted and processed.
    async fn wait_for_accepted_deliveries(&self, count: usize) {
        until(&format!("{count} deliveries are answered"), || async {
            let sent = self.deliveries();
            let accepted = sent.iter().filter(|sent| sent["attempts"][0]["status"] == 200);
            (accepted.count() == count).then_some(())
        })
        .await;
        self.wait_for_empty_queue().await;
    }
}

/// A world that imports these kinds of work and subscribes to these events. Lookups are not delayed.
async fn start_importing(kinds: &str, events: &[&str]) -> World {
    let soon = |options: StackOptions| options.variable("LOOKUP_DELAY_SECONDS", "0");
    let world = World::start_with(|options| soon(options).variable("IMPORT_KINDS", kinds)).await;
    for event in events {
        world.subscribe_to(event);
    }
    world
}

#[tokio::test]
async fn events_without_a_job_are_acknowledged_and_recorded() {
    let world = start_importing("", &["new_banner", "new_banner_batch", "template_status"]).await;
    world.generate_elsewhere(json!(["square", "story"])).await;
    let design = world.design("static")["id"].as_str().expect("an id").to_owned();
    world.admin(Method::PUT, &format!("/designs/{design}"), json!({ "status": "APPROVED" }));
    world.wait_for_accepted_deliveries(4).await;
    let unknown = json!({ "event_type": "WORKSPACE_RENAMED", "name": "Spring" });
    let hook = world.subscription_url();
    assert_eq!(world.deliver(json!({ "url": hook, "sign": true, "body": unknown })).await, 200);
    assert_eq!(world.deliver(json!({ "url": hook, "sign": true, "body": "not JSON" })).await, 200);
    assert_eq!(
        world.deliver(json!({ "url": hook, "body": unknown })).await,
        401,
        "an unsigned delivery is rejected"
    );

    let known = [
        "NEW_BANNER",
        "NEW_BANNER",
        "NEW_BANNER_BATCH",
        "TEMPLATE_STATUS",
        "WORKSPACE_RENAMED",
        "unreadable",
    ];
    // The batch is looked up three times without result, since a response that names it may be pending.
    until("all events are recorded", || async {
        (world.workspace_events_of_today().await == known).then_some(())
    })
    .await;
    assert_eq!((world.job_items().await, world.object_keys().await), (vec![], vec![]));
}

#[tokio::test]
async fn banners_made_elsewhere_are_imported_if_configured() {
    let world = start_importing("banner", &["new_banner"]).await;
    world.generate_elsewhere(json!(["square", "story"])).await;
    world.wait_for_accepted_deliveries(2).await;
    let jobs = world.job_items().await;
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let job = world.wait_for_status(job["pk"].as_s().expect("an id"), "stored").await;
        assert_eq!((&job["kind"], &job["files_total"]), (&json!("banner"), &json!(1)), "{job:#}");
        let manifest = world.read_manifest(&job).await;
        let banner = manifest["files"][0]["details"]["banner_id"].as_str().expect("an id");
        assert_eq!(job["provider_job_id"], format!("{banner}#1"));
        world.assert_files_match_manifest(&manifest).await;
    }
}

#[tokio::test]
async fn each_version_of_a_banner_is_imported_once() {
    let world = start_importing("banner", &["new_banner"]).await;
    world.generate_elsewhere(json!(["square"])).await;
    world.wait_for_accepted_deliveries(1).await;
    let banner = world.generations()["generations"][0]["banner_ids"][0].clone();
    world.redeliver(&world.subscription_url(), 3);
    assert_eq!(world.wait_for_attempts(&world.subscription_url(), 4).await, [200; 4]);
    world.wait_for_empty_queue().await;
    assert_eq!(world.job_items().await.len(), 1);

    let design = world.design("static")["id"].as_str().expect("an id").to_owned();
    let anew = json!({ "template_format_names": ["square"], "original_visual_id": banner });
    world.call_abyssale(&format!("/async/banner-builder/{design}/generate"), anew).await;
    world.wait_for_accepted_deliveries(2).await;
    assert_eq!(world.job_items().await.len(), 2, "another version is another job");
}

#[tokio::test]
async fn a_batch_made_elsewhere_is_imported_as_one_job() {
    let world = start_importing("generation", &["new_banner", "new_banner_batch"]).await;
    world.inject_fault(json!({ "on": "generation", "kind": "format_error", "format": "story" }));
    let provider_job_id = world.generate_elsewhere(json!(["square", "story", "postcard"])).await;
    world.wait_for_accepted_deliveries(3).await;
    let id = until("the batch is imported", || async {
        world.job_items().await.first()?["pk"].as_s().ok().cloned()
    })
    .await;
    let job = world.wait_for_status(&id, "partial").await;
    assert_eq!((&job["kind"], &job["provider_job_id"]), (&json!("generation"), &provider_job_id));
    assert_eq!((&job["files_total"], &job["missing"][0]["name"]), (&json!(2), &json!("story")), "{job:#}");
    assert_eq!(
        (world.job_items().await.len(), world.workspace_events_of_today().await),
        (1, vec!["NEW_BANNER".to_owned(); 2])
    );
}

#[tokio::test]
async fn a_failed_imported_batch_fails_its_job() {
    let world = start_importing("generation", &["new_banner_batch"]).await;
    world.inject_fault(json!({ "on": "generation", "kind": "format_error" }));
    world.generate_elsewhere(json!(["square"])).await;
    world.wait_for_accepted_deliveries(1).await;
    let id = until("the batch is imported", || async {
        world.job_items().await.first()?["pk"].as_s().ok().cloned()
    })
    .await;
    let job = world.wait_for_status(&id, "failed").await;
    assert_eq!((&job["error"]["type"], world.object_keys().await), (&json!("ProviderFailed"), vec![]));
    assert_eq!(job["manifest"], Value::Null);
}
