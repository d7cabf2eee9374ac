//! Metrics: each fact is counted once, whoever hears of it how often.

use serde_json::{Value, json};

use super::{Log, counted};
use crate::{crash::processes, world::World};

/// Of lines that are about a job, those that do not say about which.
fn nameless(lines: &[Value]) -> Vec<&Value> {
    let about_none = ["the oldest active job", "sweep finished"];
    let about_a_job = |line: &&Value| !about_none.iter().any(|message| line["message"] == *message);
    lines.iter().filter(about_a_job).filter(|line| line["job_id"].as_str().is_none()).collect()
}

#[tokio::test]
async fn a_job_is_counted_once_although_its_callback_comes_three_times() {
    let log = Log::start();
    let world = World::start().await;
    let (id, url) = world.submitted_in_silence(3).await;
    world.redeliver(&url, 1);
    let job = world.ends(&id, "stored").await;
    world.redeliver(&url, 2);
    world.answers(&url, 3).await;
    world.rests().await;

    for (metric, times) in [("JobsSubmitted", 1), ("JobsStored", 1), ("JobsFailed", 0), ("JobsPartial", 0)] {
        assert_eq!(log.counted(metric).len(), times, "{metric}");
    }
    assert_eq!(log.counted("BytesLanded"), [job["transfer"]["bytes"].as_f64().expect("bytes")]);
    assert_eq!(log.counted("LandingSeconds"), [job["transfer"]["seconds"].as_f64().expect("seconds")]);
    assert_eq!(log.counted("JobSeconds").len(), 1);
    let acknowledged = log.counted("AcknowledgementMilliseconds");
    assert!(acknowledged.len() == 3 && acknowledged.iter().all(|took| *took > 0.0), "{acknowledged:?}");
}

#[tokio::test]
async fn every_line_about_a_job_names_it_and_the_request_in_which_it_was_written() {
    let log = Log::start();
    let world = World::start().await;
    let id = world.submitted(3).await;
    world.ends(&id, "stored").await;
    world.rests().await;
    let lines = log.lines();
    assert_eq!(nameless(&lines), Vec::<&Value>::new());
    let unasked = lines.iter().find(|line| line["request_id"].as_str().is_none_or(str::is_empty));
    assert_eq!(unasked, None);
    let stored = lines.iter().find(|line| line["metric"] == "JobsStored").expect("the job's line");
    assert_eq!((&stored["job_id"], &stored["provider"]), (&json!(id), &json!("abyssale")));
    assert!(stored["trace_id"].as_str().is_some_and(|root| root.starts_with("1-")), "{stored}");
}

#[tokio::test]
async fn who_is_kept_outside_is_counted_by_what_was_wrong() {
    let log = Log::start();
    let world = World::start().await;
    let (_, url) = world.submitted_in_silence(1).await;
    let (job, _) = url.rsplit_once('/').expect("a token");
    let body = json!({ "event_type": "NEW_EXPORT", "export_id": "e", "archive_url": "https://elsewhere.example/a.zip" });
    world.deliver(json!({ "url": format!("{job}/wrong"), "sign": true, "body": body })).await;
    assert_eq!((log.counted("InvalidCallbackTokens"), log.counted("InvalidSignatures")), (vec![1.0], vec![]));
    world.deliver(json!({ "url": url, "sign": false, "body": body })).await;
    assert_eq!(
        (log.counted("InvalidCallbackTokens"), log.counted("InvalidSignatures")),
        (vec![1.0], vec![1.0])
    );
    world.deliver(json!({ "url": url, "sign": true, "body": body })).await;
    world.rests().await;
    assert_eq!((log.counted("BlockedDownloads"), log.counted("JobsFailed")), (vec![1.0], vec![1.0]));
    assert_eq!(nameless(&log.lines()), Vec::<&Value>::new());
}

#[tokio::test]
async fn a_provider_that_is_asked_too_often_is_counted_each_time_it_says_so() {
    let log = Log::start();
    let world = World::start().await;
    world.trouble(json!({ "on": "call", "kind": "rate_limited", "retry_after": 0, "count": 2 }));
    world.ends(&world.submitted(1).await, "stored").await;
    assert_eq!(log.counted("ProviderThrottles"), [1.0, 1.0]);
    assert_eq!(log.counted("JobsSubmitted"), [1.0]);
}

#[tokio::test]
async fn a_job_that_nobody_hears_of_is_the_oldest_until_it_expires() {
    let log = Log::start();
    let world = World::start_with(|options| options.variable("CALLBACK_TIMEOUT_SECONDS", "0")).await;
    world.sweep(0).await;
    assert_eq!(log.counted("OldestActiveJobSeconds"), [0.0]);
    let (id, _) = world.submitted_in_silence(1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    world.sweep(0).await;
    let oldest = log.lines().into_iter().rfind(|line| line["metric"] == "OldestActiveJobSeconds");
    let oldest = oldest.expect("a line");
    assert!(oldest["value"].as_i64() >= Some(1) && oldest["job_id"] == json!(id), "{oldest}");
    world.sweep(120).await;
    assert_eq!((log.counted("JobsExpired"), log.counted("JobsSwept").len()), (vec![1.0], 3));
    assert_eq!(log.counted("OldestActiveJobSeconds").last(), Some(&0.0));
    assert_eq!(nameless(&log.lines()), Vec::<&Value>::new());
}

#[tokio::test]
async fn the_deployed_binary_writes_its_metrics_to_standard_output() {
    let world = World::start_with(processes).await;
    let id = world.submitted(2).await;
    let job = world.ends(&id, "stored").await;
    world.rests().await;
    let written = world.processes.as_ref().expect("processes").lines();
    let lines: Vec<Value> = written.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(counted(&lines, "JobsStored"), [1.0]);
    assert_eq!(counted(&lines, "BytesLanded"), [job["transfer"]["bytes"].as_f64().expect("bytes")]);
    assert_eq!(nameless(&lines), Vec::<&Value>::new());
}
