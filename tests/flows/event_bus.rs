//! Jobs are published to an event bus: at least once, in order, despite crashes and outages.

mod outages;
mod provider_events;
mod schemas;

use std::collections::HashSet;

use harness::{StackOptions, until};
use http::Method;
use serde_json::{Value, json};

use crate::world::{World, assert_problem};

/// The detail types and statuses of an export that is stored.
const STORED: [(&str, &str); 4] = [
    ("Job Submitted", "submitted"),
    ("Job Progressed", "received"),
    ("Job Progressed", "landing"),
    ("Job Stored", "stored"),
];

/// A world with an event bus.
async fn start_with_bus(change: impl FnOnce(StackOptions) -> StackOptions) -> World {
    World::start_with(|options| change(options.variable("EVENT_BUS_NAME", "landfall"))).await
}

impl World {
    /// All published events in the format of EventBridge, each validated against its schema.
    fn published(&self) -> Vec<Value> {
        let events = self.cloud.events().into_iter().map(|event| {
            assert_eq!(event.event_bus_name, "landfall");
            json!({ "source": event.source, "detail-type": event.detail_type, "detail": event.detail })
        });
        let events: Vec<Value> = events.collect();
        events.iter().for_each(schemas::assert_matches_schema);
        events
    }

    /// The details of a job's events, without duplicates, in the order of their first publication.
    fn events_of(&self, id: &str) -> Vec<Value> {
        let mut seen = HashSet::new();
        let events = self.published().into_iter().filter(|event| event["detail"]["job_id"] == id);
        events.filter(|event| seen.insert(event["detail"]["id"].to_string())).collect()
    }

    /// Waits until so many events of a job are published. Checks that they are these, in order and with increasing
    /// sequence numbers.
    async fn assert_events(&self, id: &str, expected: &[(&str, &str)]) -> Vec<Value> {
        let events = until("the events are published", || async {
            let events = self.events_of(id);
            (events.len() >= expected.len()).then_some(events)
        })
        .await;
        let found: Vec<(&str, &str)> = events
            .iter()
            .filter_map(|event| Some((event["detail-type"].as_str()?, event["detail"]["status"].as_str()?)))
            .collect();
        assert_eq!(found, expected);
        let sequences: Vec<u64> =
            events.iter().filter_map(|event| event["detail"]["sequence"].as_u64()).collect();
        assert!(sequences.is_sorted_by(|a, b| a < b), "{sequences:?}");
        events
    }

    /// Waits until the outbox of a job is empty.
    async fn wait_for_empty_outbox(&self, id: &str) {
        until("the outbox is empty", || async {
            (!self.job_item(id).await.contains_key("outbox")).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn each_step_of_a_job_is_published_once_and_in_order() {
    let world = start_with_bus(|options| options).await;
    let mut body = world.export_request(2);
    body["metadata"] = json!({ "campaign": "spring" });
    world.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 0 }));
    world.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
    let id = world.post(&body, &[]).await.body()["job_id"].as_str().expect("an id").to_owned();
    world.assert_events(&id, &STORED[..1]).await;
    world.wait_for_empty_outbox(&id).await;
    world.redeliver(&world.callback_url(&id), 1);

    let job = world.wait_for_status(&id, "stored").await;
    let events = world.assert_events(&id, &STORED).await;
    assert_eq!(world.published().len(), 4, "each event is published once");
    let last = &events[3]["detail"];
    for name in ["provider", "kind", "status", "provider_job_id", "created_at", "updated_at", "metadata"] {
        assert_eq!(last[name], job[name], "{name}");
    }
    assert_eq!(last["manifest"]["key"], job["manifest"]["key"]);
    assert_eq!((&last["files_total"], &last["error"]), (&json!(2), &Value::Null));
    // No outbox event and no sweep is left.
    world.wait_for_empty_outbox(&id).await;
    assert!(!world.job_item(&id).await.contains_key("due_at"));
}

#[tokio::test]
async fn a_job_with_missing_files_is_published_as_partial_with_its_reason() {
    let world = start_with_bus(|options| options).await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "partial").await;
    let mut expected = STORED;
    expected[3] = ("Job Partial", "partial");
    let events = world.assert_events(&id, &expected).await;
    assert_eq!(events[3]["detail"]["error"], job["error"]);
}

#[tokio::test]
async fn a_rejected_job_is_published_as_failed_and_never_as_submitted() {
    let world = start_with_bus(|options| options).await;
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 422, "body": { "id": "invalid" } }));
    let response = world.post(&world.export_request(1), &[]).await;
    let id = assert_problem(&response, 422, "provider-refused-request")["job_id"].as_str().expect("an id");
    world.assert_events(id, &[("Job Failed", "failed")]).await;
}

#[tokio::test]
async fn an_expired_job_is_published_and_so_is_its_late_landing() {
    let world = start_with_bus(|options| {
        options.variable("CALLBACK_TIMEOUT_SECONDS", "1").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    let (id, url) = world.submit_export_without_callback(1).await;
    until("the job expires", || async {
        world.sweep(3600).await;
        (world.job(&id).await["status"] == "expired").then_some(())
    })
    .await;
    world.redeliver(&url, 1);
    world.wait_for_status(&id, "stored").await;
    let [submitted, received, landing, stored] = STORED;
    let expired = ("Job Expired", "expired");
    world.assert_events(&id, &[submitted, expired, received, landing, stored]).await;
}

#[tokio::test]
async fn without_an_event_bus_nothing_is_published_or_stored_in_the_outbox() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    assert!(!world.job_item(&id).await.contains_key("outbox"));
    world.redeliver(&url, 1);
    world.wait_for_status(&id, "stored").await;
    let item = world.job_item(&id).await;
    assert!(["outbox", "publish_at", "due_at"].iter().all(|name| !item.contains_key(*name)), "{item:?}");
    assert_eq!(world.cloud.events().len(), 0);
}
