//! A task token can end a workflow's wait, so Landfall shows none.

use harness::cloud::{Outage, Service};
use serde_json::json;
use tracing::Level;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

use super::{CALLBACK, TOKEN};
use crate::{log_capture::LogBuffer, world::World};

/// A part of every token here, and of the webhook's query.
const SECRET: &str = "s3cret";

#[tokio::test]
async fn no_token_is_shown_logged_or_published() {
    let log_buffer = LogBuffer::default();
    let written = log_buffer.clone();
    let ours = runtime::LOGGED_CRATES;
    let filter =
        Targets::new().with_default(Level::WARN).with_targets(ours.iter().map(|name| (*name, Level::TRACE)));
    let lines = fmt::layer().with_writer(move || written.clone()).with_filter(filter);
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));

    let world = World::start_with(|options| options.variable("EVENT_BUS_NAME", "landfall")).await;
    let url = "https://hooks.invalid/hook/s3cret?key=s3cret";
    let mut event = world.waiting_export_request(
        1,
        json!({ "task_token": TOKEN, "callback_id": CALLBACK, "webhook_url": url }),
    );
    event["idempotency_key"] = json!("execution 7");
    let created = world.invoke(event.clone()).await.expect("a job");
    let id = created["job_id"].as_str().expect("an id");
    let shown = world.job(id).await;
    assert_eq!(shown["notify"]["webhook_url"], "https://hooks.invalid");
    world.wait_for_task_success(TOKEN).await;
    // Sent once more: the services answer that the wait is over, and one of them repeats the token in its message.
    let long = format!("{SECRET}{}", "t".repeat(2000));
    event["notify"]["task_token"] = json!(long);
    world.cloud.end_task(&long);
    let repeated = world.invoke(event.clone()).await.expect("a job");
    world.cloud.faults().set(Service::StepFunctions, Outage::Refuse503);
    event["notify"]["task_token"] = json!("s3cret2");
    let later = world.invoke(event.clone()).await.expect("a job");
    event["notify"] =
        json!({ "task_token": "s3cret\u{7}", "callback_id": "s3cret!", "webhook_url": "s3cret" });
    let rejection = world.invoke(event).await.expect_err("a failure");

    let manifest = world.read_object(manifest_key(&world, id).await.as_str()).await;
    let events = format!("{:?}", world.cloud.events());
    let log = log_buffer.text();
    assert!(log.contains("no longer waits") && log.contains("cannot be notified"), "{log}");
    let texts = [
        created.to_string(),
        shown.to_string(),
        repeated.to_string(),
        later.to_string(),
        format!("{rejection:?}"),
    ];
    for text in texts.iter().chain([&events, &log, &String::from_utf8_lossy(&manifest).into_owned()]) {
        assert!(!text.contains(SECRET), "{text}");
    }
}

async fn manifest_key(world: &World, id: &str) -> String {
    world.wait_for_status(id, "stored").await["manifest"]["key"].as_str().expect("a key").to_owned()
}
