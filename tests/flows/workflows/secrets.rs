//! Whoever has a token can end a workflow's wait, so nobody is shown one.

use harness::cloud::{Outage, Service};
use serde_json::json;
use tracing::Level;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

use super::{CALLBACK, TOKEN};
use crate::{signing::log::Page, world::World};

/// What each of them has in it, and the query of the webhook too.
const SECRET: &str = "s3cret";

#[tokio::test]
async fn no_token_is_shown_logged_or_published() {
    let page = Page::default();
    let written = page.clone();
    let ours = ["submit", "webhook", "notifications", "job_store", "runtime", "model"];
    let filter = Targets::new().with_default(Level::WARN).with_targets(ours.map(|name| (name, Level::TRACE)));
    let lines = fmt::layer().with_writer(move || written.clone()).with_filter(filter);
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));

    let world = World::start_with(|options| options.variable("EVENT_BUS_NAME", "landfall")).await;
    let rotate = json!({ "command": "webhook_secret", "action": "rotate" });
    world.invoke(rotate).await.expect("a secret to sign webhooks with");
    let url = "https://hooks.invalid/hook/s3cret?key=s3cret";
    let mut event =
        world.waited_for(1, json!({ "task_token": TOKEN, "callback_id": CALLBACK, "webhook_url": url }));
    event["idempotency_key"] = json!("execution 7");
    let made = world.invoke(event.clone()).await.expect("a job");
    let id = made["job_id"].as_str().expect("an id");
    let shown = world.job(id).await;
    assert_eq!(shown["notify"]["webhook_url"], "https://hooks.invalid");
    world.succeeds(TOKEN).await;
    // Told once more: the services answer that the wait is over, and one of them with the token in its words.
    let long = format!("{SECRET}{}", "t".repeat(2000));
    event["notify"]["task_token"] = json!(long);
    world.cloud.end_task(&long);
    let again = world.invoke(event.clone()).await.expect("a job");
    world.cloud.faults().set(Service::StepFunctions, Outage::Refuse503);
    event["notify"]["task_token"] = json!("s3cret2");
    let later = world.invoke(event.clone()).await.expect("a job");
    event["notify"] =
        json!({ "task_token": "s3cret\u{7}", "callback_id": "s3cret!", "webhook_url": "s3cret" });
    let refused = world.invoke(event).await.expect_err("a failure");

    let manifest = world.object(shown_key(&world, id).await.as_str()).await;
    let events = format!("{:?}", world.cloud.events());
    let log = page.text();
    assert!(log.contains("no longer waits") && log.contains("cannot be told"), "{log}");
    let texts =
        [made.to_string(), shown.to_string(), again.to_string(), later.to_string(), format!("{refused:?}")];
    for text in texts.iter().chain([&events, &log, &String::from_utf8_lossy(&manifest).into_owned()]) {
        assert!(!text.contains(SECRET), "{text}");
    }
}

async fn shown_key(world: &World, id: &str) -> String {
    world.ends(id, "stored").await["manifest"]["key"].as_str().expect("a key").to_owned()
}
