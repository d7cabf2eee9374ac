//! Deliveries to the subscription of a workspace, which name no job.

mod banner_events;

use http::Method;
use serde_json::{Value, json};

use crate::world::{Item, World};

/// A world whose workspace tells Landfall of every export, and that adopts what it did not ask for if told so.
async fn subscribed(adopts: bool) -> World {
    let world =
        World::start_with(|options| options.variable("IMPORT_KINDS", if adopts { "export" } else { "" }))
            .await;
    world.subscribe().await;
    world
}

impl World {
    /// Makes an export in the platform's user interface, and waits until its delivery is dealt with.
    async fn exported_by_hand(&self, export: Value) -> String {
        let export = self.admin(Method::POST, "/exports", export);
        assert_eq!(self.answers(&self.hook_url(), 1).await[0], 200);
        self.rests().await;
        export["export_id"].as_str().expect("an id").to_owned()
    }

    /// The names of the events of today that were about no job.
    async fn told_of_today(&self) -> Vec<String> {
        let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let today = |item: &Item| text(item, "pk").is_some_and(|pk| pk.starts_with("WORKSPACE#abyssale#20"));
        let items = self.items().await;
        let mut names: Vec<String> =
            items.iter().filter(|item| today(item)).filter_map(|item| text(item, "name")).collect();
        names.sort_unstable();
        names
    }

    /// The only job there is.
    async fn only_job(&self) -> Value {
        let jobs = self.jobs().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        assert_eq!(jobs[0]["origin"].as_s().map(String::as_str), Ok("adopted"));
        self.job(jobs[0]["pk"].as_s().expect("an id")).await
    }
}

#[tokio::test]
async fn a_delivery_finds_its_job_by_the_export() {
    let world = subscribed(false).await;
    world.trouble(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let id = world.submitted(2).await;
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["archive"]["entries"], 2);
    assert_eq!(world.recorded(&id).await.len(), 1);
}

#[tokio::test]
async fn an_export_that_nobody_here_asked_for_is_ignored() {
    let world = subscribed(false).await;
    world.exported_by_hand(json!({})).await;
    assert_eq!((world.jobs().await, world.told_of_today().await), (vec![], vec!["NEW_EXPORT".to_owned()]));
    assert_eq!(world.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_export_that_nobody_here_asked_for_is_adopted_when_told_so() {
    let world = subscribed(true).await;
    let export = world.exported_by_hand(json!({})).await;
    let job = world.only_job().await;
    assert_eq!((&job["provider_job_id"], &job["kind"]), (&json!(export), &json!("export")));
    assert_eq!((&job["status"], &job["archive"]["entries"]), (&json!("stored"), &json!(3)), "{job:#}");
    assert_eq!(
        world.object(job["archive"]["key"].as_str().expect("a key")).await.len() as u64,
        job["archive"]["bytes"]
    );
}

#[tokio::test]
async fn two_deliveries_at_once_adopt_one_job() {
    let world = subscribed(true).await;
    world.trouble(json!({ "on": "delivery", "route": "subscription", "kind": "duplicate", "times": 3 }));
    world.exported_by_hand(json!({})).await;
    assert_eq!(world.answers(&world.hook_url(), 4).await, [200; 4]);
    world.rests().await;
    let job = world.only_job().await;
    assert_eq!(job["status"], "stored", "{job:#}");
    assert_eq!(world.admin(Method::GET, "/exports", Value::Null)["exports"][0]["downloads"], 1);
}

#[tokio::test]
async fn our_own_export_is_never_adopted() {
    let world = subscribed(true).await;
    let id = world.submitted(1).await;
    world.ends(&id, "stored").await;
    assert_eq!(world.answers(&world.hook_url(), 1).await, [200]);
    world.rests().await;
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_bare_file_from_the_platform_fails_with_its_reason() {
    let world = subscribed(true).await;
    world.exported_by_hand(json!({ "bare_file": true })).await;
    let job = world.only_job().await;
    assert_eq!(
        (&job["status"], &job["error"]["type"]),
        (&json!("failed"), &json!("ArchiveInvalid")),
        "{job:#}"
    );
    assert_eq!(world.keys().await, Vec::<String>::new());
}
