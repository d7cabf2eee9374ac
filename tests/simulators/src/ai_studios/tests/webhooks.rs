//! Webhooks: their number, times and encodings.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::{DeliveryOutcome, Simulator};

use super::TestBench;

#[test]
fn an_export_sends_four_webhooks_with_the_documented_fields() {
    let mut bench = TestBench::new();
    let id = bench.export();
    let task = bench.show(&id)["backendTaskId"].clone();
    let bodies = bench.bodies();
    let quarter = |percent: u8| json!({"progress": percent, "backendTaskId": task});
    let url = format!("http://files.test/export/{id}.mp4");
    let end = json!({"progress": 100, "backendTaskId": task, "credit": 2, "download_url": url});
    assert_eq!(bodies, [quarter(25), quarter(50), quarter(75), end]);
    assert_eq!(bench.simulator.next_due(), None);
}

#[test]
fn each_webhook_is_due_at_its_progress() {
    let mut bench = TestBench::new();
    bench.export();
    for seconds in [20, 35, 50, 65] {
        let due = bench.simulator.next_due().expect("one is due");
        assert_eq!(
            (due - bench.wall).whole_seconds() + (bench.wall.unix_timestamp() - 1_790_000_000),
            seconds
        );
        bench.wall = due;
        assert_eq!(bench.deliver(DeliveryOutcome::Status(200)).len(), 1);
    }
}

#[test]
fn webhook_requests_are_not_authenticated() {
    let mut bench = TestBench::new();
    bench.export();
    bench.advance_real_time(20.0);
    let sent = bench.deliver(DeliveryOutcome::Status(200));
    let headers: Vec<&str> = sent[0].request.headers().keys().map(http::HeaderName::as_str).collect();
    assert_eq!((sent[0].request.method(), headers), (&Method::POST, vec!["content-type"]));
    assert_eq!(sent[0].request.uri(), "http://receiver.test/hooks/j1/mac");
    assert_eq!(sent[0].timeout.as_secs(), 5);
}

#[test]
fn webhooks_are_retried_only_if_the_setting_says_so() {
    for (retries, attempts) in [(0, 1), (3, 4)] {
        let mut bench = TestBench::new();
        bench.change_settings(&json!({"webhook": {"events": "final", "retries": retries}}));
        bench.export();
        bench.advance_real_time(65.0);
        let mut sent = 0;
        for _ in 0..10 {
            sent += bench.deliver(DeliveryOutcome::Status(503)).len();
            bench.advance_real_time(10.0);
        }
        assert_eq!(sent, attempts);
        let log = bench.admin(Method::GET, "/deliveries", &Value::Null);
        assert_eq!((&log[0]["state"], &log[0]["attempts"][0]["status"]), (&json!("exhausted"), &json!(503)));
    }
}

#[test]
fn webhooks_are_sent_in_every_encoding() {
    let table = [
        ("query", Method::GET, "&progress=25", ""),
        ("form", Method::POST, "", "&progress=25"),
        ("enveloped", Method::POST, "", "\"success\":true"),
        ("array", Method::POST, "", "[{"),
        ("v2", Method::GET, "ai_progress_update_loc=projects%2Fbt-", ""),
    ];
    for (form, method, query, body) in table {
        let mut bench = TestBench::new();
        bench.change_settings(&json!({"webhook": {"form": form}}));
        bench.export();
        bench.advance_real_time(20.0);
        let sent = bench.deliver(DeliveryOutcome::Status(200)).remove(0).request;
        assert_eq!(sent.method(), method, "{form}");
        assert!(sent.uri().query().unwrap_or_default().contains(query), "{form}: {}", sent.uri());
        assert!(String::from_utf8_lossy(sent.body()).contains(body), "{form}: {:?}", sent.body());
    }
}

#[test]
fn webhooks_can_send_numbers_as_text_and_extra_fields() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"webhook": {"text_numbers": true, "extra_fields": {"projectId": "p"}}}));
    bench.export();
    let bodies = bench.bodies();
    assert_eq!((&bodies[3]["progress"], &bodies[3]["credit"]), (&json!("100"), &json!("2")));
    assert_eq!(bodies[3]["projectId"], "p");
}

#[test]
fn schedule_faults_change_order_number_and_time() {
    let mut bench = TestBench::new();
    bench.fault(&json!([
        {"on": "webhook", "kind": "reorder"},
        {"on": "webhook", "kind": "drop"},
        {"on": "webhook", "kind": "duplicate", "times": 2},
        {"on": "webhook", "kind": "delay", "seconds": 3},
    ]));
    bench.export();
    let percents: Vec<i64> = bench.bodies().iter().filter_map(|body| body["progress"].as_i64()).collect();
    assert_eq!(percents, [25, 75, 75, 75, 100]);
    let log = bench.admin(Method::GET, "/deliveries", &Value::Null);
    assert_eq!(log[1]["state"], "dropped");
    let sent = |number: usize| log[number]["attempts"][0]["sent_at"].as_i64().map(|at| at - 1_790_000_000);
    assert_eq!((sent(0), sent(2), sent(3)), (Some(36), Some(50), Some(68)));
}

#[test]
fn a_failed_export_sends_a_webhook_only_if_the_setting_says_so() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"timeline": {"fails_at_percent": 40}}));
    bench.export();
    assert_eq!(bench.bodies().len(), 1, "there is no webhook after 25 %");
    bench.change_settings(&json!({"webhook": {"failure_event": true}}));
    bench.export();
    let bodies = bench.bodies();
    assert_eq!((&bodies[1]["state"], &bodies[1]["progress"]), (&json!("error"), &json!(40)));
}

#[test]
fn a_deleted_project_sends_no_more_webhooks() {
    let mut bench = TestBench::new();
    let id = bench.export();
    bench.advance_real_time(20.0);
    assert_eq!(bench.deliver(DeliveryOutcome::Status(200)).len(), 1);
    bench.admin(Method::DELETE, &format!("/projects/{id}"), &Value::Null);
    assert_eq!(bench.bodies(), Vec::<Value>::new());
    assert_eq!(bench.admin(Method::GET, "/deliveries", &Value::Null)[3]["state"], "dropped");
}

#[test]
fn forged_and_custom_webhooks_are_sent_on_demand() {
    let mut bench = TestBench::new();
    let id = bench.export();
    let task = bench.show(&id)["backendTaskId"].clone();
    for forgery in ["wrong_task", "foreign_url", "wrong_path"] {
        bench.admin(Method::POST, &format!("/projects/{id}/forge"), &json!({"forgery": forgery}));
    }
    bench.admin(Method::POST, "/deliver", &json!({"url": "http://receiver.test/x", "body": "no JSON"}));
    let sent = bench.deliver(DeliveryOutcome::Status(404));
    let body =
        |number: usize| serde_json::from_slice::<Value>(sent[number].request.body()).unwrap_or_default();
    assert_ne!(body(0)["backendTaskId"], task);
    assert_eq!(body(1)["backendTaskId"], task);
    assert_eq!(body(1)["download_url"], "https://attacker.example/payload.mp4");
    assert!(!sent[2].request.uri().path().ends_with("/mac"));
    assert_eq!(sent[3].request.body().as_ref(), b"no JSON");
}

#[test]
fn a_webhook_can_be_sent_again() {
    let mut bench = TestBench::new();
    bench.export();
    bench.advance_real_time(20.0);
    let first = bench.deliver(DeliveryOutcome::Status(200));
    bench.admin(Method::POST, "/deliveries/1/redeliver", &Value::Null);
    let again = bench.deliver(DeliveryOutcome::Status(500));
    assert_eq!(first[0].request.body(), again[0].request.body());
    assert_eq!(bench.admin(Method::GET, "/deliveries", &Value::Null)[0]["state"], "acknowledged");
}
