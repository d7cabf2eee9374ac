//! Malformed deliveries that are authentic: they are acknowledged, recorded and counted, and not retried.

use harness::{DEAD_LETTER_QUEUE, StackOptions};
use serde_json::{Value, json};

use crate::{log_capture::CapturedLog, world::World};

fn with_three_receives(mut options: StackOptions) -> StackOptions {
    options.max_receive_count = 3;
    options.variable("RETRY_BASE_SECONDS", "0")
}

fn export(fields: Value) -> Value {
    let mut body = json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": "https://elsewhere.example/a.zip" });
    body.as_object_mut().expect("an object").extend(fields.as_object().cloned().expect("an object"));
    body
}

impl World {
    /// Delivers this for a job, and waits until the worker has processed it.
    async fn deliver_and_wait(&self, url: &str, body: Value) {
        assert_eq!(self.deliver(json!({ "url": url, "sign": true, "body": body })).await, 200);
        self.wait_for_empty_queue().await;
        let dead = self.cloud.queue_depth(DEAD_LETTER_QUEUE).map(|depth| depth.visible);
        assert_eq!(dead, Some(0), "the delivery became a dead letter");
    }
}

#[tokio::test]
async fn malformed_deliveries_are_recorded_and_counted_and_a_later_one_lands_the_job() {
    let log = CapturedLog::start();
    let world = World::start_with(with_three_receives).await;
    let (id, url) = world.submit_export_without_callback(2).await;
    let unusable = [
        (json!({ "event_type": "N".repeat(500_000) }), "event name"),
        (export(json!({ "archive_url": format!("https://h.example/{}", "a".repeat(90_000)) })), "URL"),
        (export(json!({ "export_id": "i".repeat(2_100) })), "id"),
    ];
    for (body, _) in &unusable {
        world.deliver_and_wait(&url, body.clone()).await;
    }
    let job = world.job(&id).await;
    assert_eq!((&job["status"], &job["error"]), (&json!("submitted"), &Value::Null), "{job:#}");
    let mut problems: Vec<&str> = job["deliveries"]
        .as_array()
        .expect("deliveries")
        .iter()
        .filter_map(|d| d["problem"].as_str())
        .collect();
    problems.reverse();
    assert_eq!(problems.len(), 3, "{job:#}");
    for (problem, (_, about)) in problems.iter().zip(&unusable) {
        assert!(problem.contains(about) && problem.len() < 500, "{problem}");
    }
    assert_eq!(log.metric_values("MalformedDeliveries"), [1.0; 3]);

    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["deliveries"][0]["problem"], Value::Null);
}

#[tokio::test]
async fn a_malformed_workspace_delivery_becomes_no_dead_letter() {
    let log = CapturedLog::start();
    let world = World::start_with(with_three_receives).await;
    for body in
        [json!({ "event_type": "N".repeat(500_000) }), export(json!({ "export_id": "i".repeat(2_100) }))]
    {
        world.deliver_and_wait(&world.subscription_url(), body).await;
    }
    assert_eq!(log.metric_values("MalformedDeliveries"), [1.0; 2]);
}

#[tokio::test]
async fn a_batch_with_extreme_values_still_ends_its_job() {
    let world = World::start_with(with_three_receives).await;
    let (id, url) = world.submit_generation_without_callback(&world.three_format_request()).await;
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let errors: Vec<Value> = (0..400)
        .map(|_| json!({ "template_format_name": "n".repeat(2_000), "reason": "r".repeat(2_000) }))
        .collect();
    let file = json!({ "type": "png", "url": format!("https://h.example/{}", "a".repeat(90_000)) });
    let other =
        json!({ "type": "png", "url": "https://elsewhere.example/b.png", "filename": "f".repeat(50_000) });
    let banners = json!([
        { "id": "b", "file": file },
        { "id": deep, "version": 1, "file": other, "format": { "id": "s", "width": 1e300, "height": 1e-300 },
          "template": { "id": "t", "name": "t".repeat(60_000) } },
    ]);
    let body = json!({ "event_type": "NEW_BANNER_BATCH", "id": "g", "banners": banners, "errors": errors });
    world.deliver_and_wait(&url, body).await;
    let job = world.wait_for_status(&id, "failed").await;
    assert!(job["error"]["message"].as_str().is_some_and(|message| message.len() < 3_000), "{job:#}");
}
