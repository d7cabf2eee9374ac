//! Retries, signatures and delivery faults.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::{DeliveryOutcome, SendMode, Simulator};

use super::{TestBench, header};

#[test]
fn a_delivery_is_attempted_six_times_on_the_virtual_clock() {
    let mut bench = TestBench::new();
    bench.simulator.credentials();
    let (_, accepted) = bench.export();
    assert!(bench.take_due().is_empty(), "the latency has not passed");
    bench.advance_real_time(2.0);
    let outcomes = [
        DeliveryOutcome::Status(500),
        DeliveryOutcome::Timeout,
        DeliveryOutcome::ConnectionFailed,
        DeliveryOutcome::Status(401),
        DeliveryOutcome::Status(302),
        DeliveryOutcome::Status(503),
    ];
    let mut ids = Vec::new();
    for (outcome, delay) in outcomes.into_iter().zip([10, 60, 600, 3_600, 10_800, 0]) {
        let sent = bench.deliver(outcome);
        let t = format!("t={},", bench.wall.unix_timestamp());
        assert!(header(&sent, "x-abyssale-signature").is_some_and(|value| value.starts_with(&t)));
        ids.push(header(&sent, "x-abyssale-delivery-id").map(str::to_owned));
        if delay > 0 {
            let clock = bench.admin(Method::POST, "/clock/advance", &json!({"seconds": delay - 1}));
            assert_eq!(clock["next_delivery_at"].as_i64(), clock["now"].as_i64().map(|now| now + 1));
            assert!(bench.take_due().is_empty());
            bench.advance_real_time(1.0);
        }
    }
    assert!(ids.iter().all(|id| *id == ids[0] && id.as_ref().is_some_and(|id| id.len() == 64)));
    bench.admin(Method::POST, "/clock/advance", &json!({"seconds": 1_000_000}));
    assert!(bench.take_due().is_empty(), "there is no attempt after the sixth");
    let log = bench.admin(Method::GET, "/deliveries", &Value::Null);
    assert_eq!(log[0]["state"], "exhausted");
    assert_eq!(log[0]["export_id"], accepted["export_id"]);
    assert_eq!(log[0]["attempts"].as_array().map(Vec::len), Some(6));
    assert_eq!(log[0]["attempts"][1]["outcome"], "timeout");
}

#[test]
fn an_acknowledged_delivery_is_not_retried() {
    let mut bench = TestBench::new();
    bench.export();
    bench.advance_real_time(2.0);
    assert!(
        header(&bench.deliver(DeliveryOutcome::Status(200)), "x-abyssale-signature").is_none(),
        "there is no signature without a secret"
    );
    assert_eq!(bench.simulator.next_due(), None);
    assert_eq!(bench.admin(Method::GET, "/deliveries", &Value::Null)[0]["state"], "acknowledged");
    bench.admin(Method::POST, "/deliveries/1/redeliver?times=5", &Value::Null);
    assert_eq!(bench.take_due().len(), 5);
}

#[test]
fn deliveries_carry_two_signatures_during_a_rotation() {
    let mut bench = TestBench::new();
    bench.api(Method::POST, "/signing-secret/rotate", &Value::Null);
    bench.export();
    bench.advance_real_time(2.0);
    let count = |bench: &mut TestBench| {
        let sent = bench.deliver(DeliveryOutcome::Status(500));
        header(&sent, "x-abyssale-signature").unwrap_or_default().matches("v1=").count()
    };
    assert_eq!(count(&mut bench), 2);
    bench.admin(Method::POST, "/clock/advance", &json!({"seconds": 86_400}));
    assert_eq!(count(&mut bench), 1);
}

#[test]
fn subscriptions_receive_every_export_under_their_own_delivery_id() {
    let mut bench = TestBench::new();
    for kind in ["new_export", "new_banner"] {
        let body = json!({"hook_url": "http://receiver.test/all", "type": kind});
        assert_eq!(bench.api(Method::POST, "/subscribe", &body).0, 200);
    }
    bench.export();
    bench.admin(Method::POST, "/exports", &json!({}));
    bench.advance_real_time(2.0);
    let due = bench.take_due();
    let mut ids: Vec<_> = due.iter().map(|sent| header(sent, "x-abyssale-delivery-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((due.len(), ids.len()), (3, 3));
    assert_eq!(due[0].request.body(), due[1].request.body());
}

/// Checks a signature, if there is one, and a body.
type ReplyCheck = fn(Option<&str>, &str) -> bool;

#[test]
fn attempt_faults_change_one_attempt() {
    let table: [(Value, ReplyCheck); 6] = [
        (json!({"kind": "forged_signature"}), |signature, _| signature.is_some_and(|s| s.ends_with("000"))),
        (json!({"kind": "unsigned"}), |signature, _| signature.is_none()),
        (json!({"kind": "missing_headers"}), |signature, _| signature.is_none()),
        (json!({"kind": "stale_time"}), |signature, _| {
            signature.is_some_and(|s| s.contains("t=1789999699,"))
        }),
        (json!({"kind": "no_event_type"}), |_, body| !body.contains("event_type")),
        (json!({"kind": "data_envelope"}), |_, body| body.starts_with("{\"data\":{")),
    ];
    for (mut fault, check) in table {
        let mut bench = TestBench::new();
        bench.simulator.credentials();
        fault["on"] = "delivery".into();
        bench.fault(fault.clone());
        bench.admin(Method::PUT, "/knobs", &json!({"export_latency_seconds": 0}));
        bench.export();
        let sent = bench.deliver(DeliveryOutcome::Status(401));
        let body = String::from_utf8_lossy(sent.request.body()).into_owned();
        assert!(check(header(&sent, "x-abyssale-signature"), &body), "{fault}: {body}");
        bench.advance_real_time(10.0);
        let next = bench.deliver(DeliveryOutcome::Status(200));
        assert!(header(&next, "x-abyssale-signature").is_some_and(|s| s.contains("t=1790000010,")));
    }
}

#[test]
fn schedule_faults_change_order_number_and_time() {
    let mut bench = TestBench::new();
    bench.fault(json!([
        {"on": "delivery", "kind": "reorder"},
        {"on": "delivery", "kind": "duplicate", "times": 2},
        {"on": "delivery", "kind": "drop"},
    ]));
    for _ in 0..3 {
        bench.export();
    }
    bench.advance_real_time(2.0);
    let first = bench.take_due();
    assert_eq!(first.len(), 3, "the second delivery and its duplicates");
    bench.advance_real_time(1.0);
    assert_eq!(bench.take_due().len(), 1, "the held first delivery");
    assert_eq!(bench.simulator.next_due(), None);
    assert_eq!(bench.admin(Method::GET, "/deliveries", &Value::Null)[2]["state"], "dropped");
}

#[test]
fn a_custom_delivery_is_sent_once() {
    let mut bench = TestBench::new();
    bench.simulator.credentials();
    let requested = json!({
        "url": "http://receiver.test/x", "body": "not json", "sign": true,
        "headers": {"x-extra": "1", "content-type": "text/plain"},
    });
    bench.admin(Method::POST, "/deliver", &requested);
    let sent = bench.deliver(DeliveryOutcome::Status(400));
    assert_eq!(sent.request.body().as_ref(), b"not json");
    assert_eq!(header(&sent, "content-type"), Some("text/plain"));
    assert!(header(&sent, "x-abyssale-signature").is_some());
    assert_eq!(sent.send_mode, SendMode::Plain);
    assert_eq!(bench.simulator.next_due(), None);
}
