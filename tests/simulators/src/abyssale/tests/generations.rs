//! Asynchronous generations: accepting, polling and events.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::{DeliveryOutcome, SendMode, Simulator};

use super::super::AbyssaleSimulator;
use super::TestBench;

const HOOK: &str = "http://receiver.test/hook";

#[test]
fn a_generation_is_polled_until_it_is_final() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    let path = format!("/async/banner-builder/{design}/generate");
    let (status, accepted) = bench.api(Method::POST, &path, &json!({}));
    assert_eq!((status, &accepted["version"]), (200, &json!("v2026-10-21")));
    let poll =
        format!("/generation-request/{}", accepted["generation_request_id"].as_str().unwrap_or_default());
    let state = |bench: &mut TestBench| {
        bench.admin(Method::GET, "/generations", &Value::Null)["generations"][0]["state"].clone()
    };
    assert_eq!(state(&mut bench), "QUEUED");
    bench.advance_real_time(1.0);
    assert_eq!(state(&mut bench), "RUNNING");
    let (status, running) = bench.api(Method::GET, &poll, &Value::Null);
    assert_eq!((status, &running["is_finalized"], &running["banners"]), (202, &json!(false), &json!([])));
    bench.advance_real_time(2.0);
    assert_eq!(state(&mut bench), "FINAL");
    let (status, done) = bench.api(Method::GET, &poll, &Value::Null);
    assert_eq!((status, &done["is_finalized"], &done["errors"]), (200, &json!(true), &json!([])));
    assert_eq!(done["id"], accepted["generation_request_id"]);
    let formats: Vec<_> =
        done["banners"].as_array().into_iter().flatten().map(|b| &b["format"]["id"]).collect();
    assert_eq!(formats, ["square", "landscape", "story", "medium-rectangle", "postcard", "large-square"]);
    bench.advance_real_time(7.0 * 86_400.0);
    let (status, gone) = bench.api(Method::GET, &poll, &Value::Null);
    assert_eq!((status, &gone["id"]), (410, &json!("generation_request_gone")));
    let unknown = "/generation-request/00000000-0000-4000-8000-000000000000";
    let (status, unknown) = bench.api(Method::GET, unknown, &Value::Null);
    assert_eq!((status, &unknown["id"]), (404, &json!("generation_request_not_found")));
}

#[test]
fn ids_depend_on_seed_and_run() {
    let ids = |run: u64| {
        let mut bench = TestBench::new();
        bench.simulator = AbyssaleSimulator::for_run(42, run);
        let design = bench.design("static", 0);
        (design.clone(), bench.generate(&design, &json!({})), bench.generate(&design, &json!({})))
    };
    let (first, other) = (ids(1), ids(2));
    assert_eq!(first, ids(1));
    assert_eq!(first.0, other.0, "design ids depend on the seed only");
    assert!(first.1 != first.2 && first.1 != other.1);
}

#[test]
fn the_batch_goes_to_the_callback_and_single_banners_to_subscriptions() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    let other = bench.design("static", 1);
    for (kind, design) in [("new_banner", &design), ("new_banner", &other), ("new_banner_batch", &design)] {
        let body = json!({"hook_url": "http://receiver.test/all", "type": kind, "design_id": design});
        bench.admin(Method::POST, "/subscriptions", &body);
    }
    let request =
        bench.generate(&design, &json!({"template_format_names": ["story", "square"], "callback_url": HOOK}));
    bench.advance_real_time(3.0);
    let sent: Vec<Value> = bench
        .take_due()
        .iter()
        .map(|sent| serde_json::from_slice(sent.request.body()).unwrap_or_default())
        .collect();
    let kinds: Vec<_> = sent.iter().map(|body| body["event_type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["NEW_BANNER", "NEW_BANNER", "NEW_BANNER_BATCH", "NEW_BANNER_BATCH"]);
    assert_eq!((&sent[2]["id"], &sent[2]["generation_request_id"]), (&json!(request), &json!(request)));
    assert_eq!(sent[2], sent[3]);
    assert_eq!(
        sent[2]["banners"][0]["format"],
        json!({"id": "story", "unit": "px", "width": 675, "height": 1200})
    );
    let mut first = sent[0].clone();
    first.as_object_mut().map(|body| body.remove("event_type"));
    assert_eq!(first, sent[2]["banners"][0], "the event is exactly a Banner object");
    let log = bench.admin(Method::GET, "/deliveries", &Value::Null);
    assert_eq!((&log[2]["generation_request_id"], &log[2]["target"]), (&json!(request), &json!("callback")));
    assert_eq!(log[0]["banner_id"], sent[0]["id"]);
}

#[test]
fn settings_decide_the_fields_of_a_batch() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    for (settings, key, other) in [
        (json!({"batch_id_key": "id", "empty_errors": "absent"}), "id", "generation_request_id"),
        (
            json!({"batch_id_key": "generation_request_id", "batch_is_finalized": true, "empty_errors": "empty"}),
            "generation_request_id",
            "id",
        ),
    ] {
        bench.admin(Method::PUT, "/knobs", &settings);
        let request =
            bench.generate(&design, &json!({"template_format_names": ["story"], "callback_url": HOOK}));
        bench.advance_real_time(3.0);
        let sent = bench.deliver(DeliveryOutcome::Status(200));
        let body: Value = serde_json::from_slice(sent.request.body()).unwrap_or_default();
        assert_eq!((&body[key], &body[other]), (&json!(request), &Value::Null));
        assert_eq!(body.get("errors").is_none(), settings["empty_errors"] == "absent");
        assert_eq!(body.get("is_finalized").is_some(), settings.get("batch_is_finalized").is_some());
    }
}

#[test]
fn generation_faults_fail_or_delay_formats() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    let two = json!({"template_format_names": ["story", "square"]});
    bench.fault(json!([
        {"on": "generation", "kind": "format_error", "format": "leaderboard"},
        {"on": "generation", "kind": "format_error", "format": "story", "reason": "Too long."},
        {"on": "generation", "kind": "format_error", "route": design},
        {"on": "generation", "kind": "nothing"},
        {"on": "generation", "kind": "slow", "seconds": 60},
        {"on": "generation", "kind": "stuck"},
    ]));
    let requests: Vec<String> = (0..5).map(|_| bench.generate(&design, &two)).collect();
    bench.advance_real_time(3.0);
    let ends = requests.iter().map(|request| {
        let (status, body) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
        let count = |name: &str| body[name].as_array().map_or(0, Vec::len);
        (status, count("banners"), count("errors"))
    });
    let ends: Vec<_> = ends.collect();
    assert_eq!(ends, [(200, 1, 1), (200, 0, 2), (200, 0, 0), (202, 0, 0), (202, 0, 0)]);
    let (_, partial) = bench.api(Method::GET, &format!("/generation-request/{}", requests[0]), &Value::Null);
    assert_eq!(partial["errors"], json!([{"template_format_name": "story", "reason": "Too long."}]));
    bench.advance_real_time(60.0);
    let (status, _) = bench.api(Method::GET, &format!("/generation-request/{}", requests[3]), &Value::Null);
    assert_eq!(status, 200, "a slow generation becomes final");
    bench.advance_real_time(86_400.0);
    let (status, _) = bench.api(Method::GET, &format!("/generation-request/{}", requests[4]), &Value::Null);
    assert_eq!(status, 202, "a stuck generation never ends");
    let left = bench.admin(Method::GET, "/faults", &Value::Null);
    assert_eq!(left[0]["format"], "leaderboard", "no generation requested this format");
}

#[test]
fn a_lost_response_still_accepts_the_generation_and_calls_back() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    let path = format!("/async/banner-builder/{design}/generate");
    bench.fault(json!({"on": "call", "kind": "lost_response", "route": format!("POST {path}")}));
    let reply =
        bench.call(crate::simulator::Endpoint::Api, Method::POST, &path, &json!({"callback_url": HOOK}));
    assert_eq!(reply.send_mode, SendMode::Lost);
    assert_eq!(bench.admin(Method::GET, "/generations", &Value::Null)["accepted_posts"], 1);
    bench.advance_real_time(3.0);
    assert_eq!(bench.take_due().len(), 1);
    bench.admin(Method::POST, "/reset", &Value::Null);
    assert_eq!(bench.admin(Method::GET, "/generations", &Value::Null)["accepted_posts"], 0);
    assert_eq!(bench.simulator.next_due(), None);
}
