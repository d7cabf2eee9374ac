//! Metrics: each fact is counted once, however often it is reported.

use harness::StackOptions;
use serde_json::{Value, json};

use crate::{
    log_capture::{CapturedLog, metric_values},
    worker_crashes::with_worker_processes,
    world::World,
};

/// The log lines about a job that have no `job_id`.
fn lines_without_job_id(lines: &[Value]) -> Vec<&Value> {
    let about_none = ["the oldest active job", "sweep finished"];
    let about_a_job = |line: &&Value| !about_none.iter().any(|message| line["message"] == *message);
    lines.iter().filter(about_a_job).filter(|line| line["job_id"].as_str().is_none()).collect()
}

#[tokio::test]
async fn a_job_with_three_callbacks_is_counted_once() {
    let log = CapturedLog::start();
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(3).await;
    world.redeliver(&url, 1);
    let job = world.wait_for_status(&id, "stored").await;
    world.redeliver(&url, 2);
    world.wait_for_attempts(&url, 3).await;
    world.wait_for_empty_queue().await;

    for (metric, times) in [("JobsSubmitted", 1), ("JobsStored", 1), ("JobsFailed", 0), ("JobsPartial", 0)] {
        assert_eq!(log.metric_values(metric).len(), times, "{metric}");
    }
    assert_eq!(log.metric_values("BytesLanded"), [job["transfer"]["bytes"].as_f64().expect("bytes")]);
    assert_eq!(log.metric_values("LandingSeconds"), [job["transfer"]["seconds"].as_f64().expect("seconds")]);
    assert_eq!(log.metric_values("JobSeconds").len(), 1);
    let acknowledged = log.metric_values("AcknowledgementMilliseconds");
    assert!(
        acknowledged.len() == 3 && acknowledged.iter().all(|milliseconds| *milliseconds > 0.0),
        "{acknowledged:?}"
    );
}

#[tokio::test]
async fn every_log_line_about_a_job_has_its_job_id_and_request_id() {
    let log = CapturedLog::start();
    let world = World::start().await;
    let id = world.submit_export(3).await;
    world.wait_for_status(&id, "stored").await;
    world.wait_for_empty_queue().await;
    let lines = log.lines();
    assert_eq!(lines_without_job_id(&lines), Vec::<&Value>::new());
    let unasked = lines.iter().find(|line| line["request_id"].as_str().is_none_or(str::is_empty));
    assert_eq!(unasked, None);
    let stored = lines.iter().find(|line| line["metric"] == "JobsStored").expect("the job's line");
    assert_eq!((&stored["job_id"], &stored["provider"]), (&json!(id), &json!("abyssale")));
    assert!(stored["trace_id"].as_str().is_some_and(|root| root.starts_with("1-")), "{stored}");
}

#[tokio::test]
async fn rejected_deliveries_are_counted_by_their_reason() {
    let log = CapturedLog::start();
    let world = World::start().await;
    let (_, url) = world.submit_export_without_callback(1).await;
    let (job, _) = url.rsplit_once('/').expect("a token");
    let body = json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": "https://elsewhere.example/a.zip" });
    world.deliver(json!({ "url": format!("{job}/wrong"), "sign": true, "body": body })).await;
    assert_eq!(
        (log.metric_values("InvalidCallbackTokens"), log.metric_values("InvalidSignatures")),
        (vec![1.0], vec![])
    );
    world.deliver(json!({ "url": url, "sign": false, "body": body })).await;
    assert_eq!(
        (log.metric_values("InvalidCallbackTokens"), log.metric_values("InvalidSignatures")),
        (vec![1.0], vec![1.0])
    );
    world.deliver(json!({ "url": url, "sign": true, "body": body })).await;
    world.wait_for_empty_queue().await;
    assert_eq!(
        (log.metric_values("BlockedDownloads"), log.metric_values("JobsFailed")),
        (vec![1.0], vec![1.0])
    );
    assert_eq!(lines_without_job_id(&log.lines()), Vec::<&Value>::new());
}

#[tokio::test]
async fn every_throttling_response_is_counted() {
    let log = CapturedLog::start();
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 0, "count": 2 }));
    world.wait_for_status(&world.submit_export(1).await, "stored").await;
    assert_eq!(log.metric_values("ProviderThrottles"), [1.0, 1.0]);
    assert_eq!(log.metric_values("JobsSubmitted"), [1.0]);
}

#[tokio::test]
async fn the_age_of_the_oldest_active_job_is_reported_until_it_expires() {
    let log = CapturedLog::start();
    let world = World::start_with(|options| {
        options.variable("CALLBACK_TIMEOUT_SECONDS", "0").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    world.sweep(0).await;
    assert_eq!(log.metric_values("OldestActiveJobSeconds"), [0.0]);
    let (id, _) = world.submit_export_without_callback(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    world.sweep(0).await;
    let oldest = log.lines().into_iter().rfind(|line| line["metric"] == "OldestActiveJobSeconds");
    let oldest = oldest.expect("a line");
    assert!(oldest["value"].as_i64() >= Some(1) && oldest["job_id"] == json!(id), "{oldest}");
    world.sweep(120).await;
    assert_eq!((log.metric_values("JobsExpired"), log.metric_values("JobsSwept").len()), (vec![1.0], 3));
    assert_eq!(log.metric_values("OldestActiveJobSeconds").last(), Some(&0.0));
    assert_eq!(lines_without_job_id(&log.lines()), Vec::<&Value>::new());
}

#[tokio::test]
async fn the_deployed_binary_writes_the_selected_metrics_to_standard_output() {
    let all = |options: StackOptions| with_worker_processes(options).variable("METRICS", "all");
    let world = World::start_with(all).await;
    let id = world.submit_export(2).await;
    let job = world.wait_for_status(&id, "stored").await;
    world.wait_for_empty_queue().await;
    let written = world.processes.as_ref().expect("processes").lines();
    let lines: Vec<Value> = written.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(metric_values(&lines, "JobsStored"), [1.0]);
    assert_eq!(metric_values(&lines, "BytesLanded"), [job["transfer"]["bytes"].as_f64().expect("bytes")]);
    let counted: Vec<&Value> = lines.iter().filter(|line| line["metric"].is_string()).collect();
    assert!(counted.iter().all(|line| line["_aws"]["CloudWatchMetrics"].is_array()), "{counted:#?}");
    assert_eq!(lines_without_job_id(&lines), Vec::<&Value>::new());
}
