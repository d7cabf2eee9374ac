//! Deliveries to a workspace subscription, which name no job.

mod banner_events;
mod bare_files;
mod subscription_command;

use http::Method;
use serde_json::{Value, json};

use crate::world::{Item, World};

/// A world with a subscription to every export of the workspace. It imports unsubmitted work of these kinds.
async fn start_subscribed(import_kinds: &str) -> World {
    let world = World::start_with(|options| options.variable("IMPORT_KINDS", import_kinds)).await;
    world.subscribe().await;
    world
}

impl World {
    /// Creates an export in the platform's user interface, and waits until its delivery is processed. Returns its id.
    async fn export_in_platform(&self, export: Value) -> String {
        let export = self.admin(Method::POST, "/exports", export);
        assert_eq!(self.wait_for_attempts(&self.subscription_url(), 1).await[0], 200);
        self.wait_for_empty_queue().await;
        export["export_id"].as_str().expect("an id").to_owned()
    }

    /// The names of today's recorded events without a job.
    async fn workspace_events_of_today(&self) -> Vec<String> {
        let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let today = |item: &Item| text(item, "pk").is_some_and(|pk| pk.starts_with("WORKSPACE#abyssale#20"));
        let items = self.table_items().await;
        let mut names: Vec<String> =
            items.iter().filter(|item| today(item)).filter_map(|item| text(item, "name")).collect();
        names.sort_unstable();
        names
    }

    /// The only job, which was imported.
    async fn imported_job(&self) -> Value {
        let jobs = self.job_items().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        assert_eq!(jobs[0]["origin"].as_s().map(String::as_str), Ok("imported"));
        self.job(jobs[0]["pk"].as_s().expect("an id")).await
    }
}

#[tokio::test]
async fn a_workspace_delivery_finds_its_job_by_the_export_id() {
    let world = start_subscribed("").await;
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["archive"]["entries"], 2);
    assert_eq!(world.recorded_deliveries(&id).await.len(), 1);
}

#[tokio::test]
async fn an_export_made_in_the_platform_is_ignored_by_default() {
    let world = start_subscribed("").await;
    world.export_in_platform(json!({})).await;
    assert_eq!(
        (world.job_items().await, world.workspace_events_of_today().await),
        (vec![], vec!["NEW_EXPORT".to_owned()])
    );
    assert_eq!(world.object_keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_export_made_in_the_platform_is_imported_if_configured() {
    let world = start_subscribed("export").await;
    let export = world.export_in_platform(json!({})).await;
    let job = world.imported_job().await;
    assert_eq!((&job["provider_job_id"], &job["kind"]), (&json!(export), &json!("export")));
    assert_eq!((&job["status"], &job["archive"]["entries"]), (&json!("stored"), &json!(3)), "{job:#}");
    assert_eq!(
        world.read_object(job["archive"]["key"].as_str().expect("a key")).await.len() as u64,
        job["archive"]["bytes"]
    );
}

#[tokio::test]
async fn concurrent_deliveries_import_one_job() {
    let world = start_subscribed("export").await;
    world.inject_fault(json!({ "on": "delivery", "route": "subscription", "kind": "duplicate", "times": 3 }));
    world.export_in_platform(json!({})).await;
    assert_eq!(world.wait_for_attempts(&world.subscription_url(), 4).await, [200; 4]);
    world.wait_for_empty_queue().await;
    let job = world.imported_job().await;
    assert_eq!(job["status"], "stored", "{job:#}");
    assert_eq!(world.admin(Method::GET, "/exports", Value::Null)["exports"][0]["downloads"], 1);
}

#[tokio::test]
async fn a_submitted_export_is_never_imported() {
    let world = start_subscribed("export").await;
    let id = world.submit_export(1).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.wait_for_attempts(&world.subscription_url(), 1).await, [200]);
    world.wait_for_empty_queue().await;
    assert_eq!(world.job_items().await.len(), 1);
}
