//! The API endpoint: API key, routes, bodies, rate limits and call faults.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::simulator::{Endpoint, SendMode, Simulator};

use super::{TestBench, read};

const EXPORT: &str = "/async/banners/export";

#[test]
fn every_path_but_ready_requires_a_key() {
    let mut bench = TestBench::new();
    bench.key = "unknown".to_owned();
    for (method, path) in [(Method::POST, "/auth"), (Method::POST, EXPORT), (Method::GET, "/nowhere")] {
        let (status, body) = bench.api(method, path, &Value::Null);
        assert_eq!((status, &body["id"]), (401, &json!("unauthorized")));
    }
    assert_eq!(bench.api(Method::GET, "/ready", &Value::Null).0, 200);
}

#[test]
fn a_plan_without_api_access_is_rejected() {
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"api_access": false}));
    assert_eq!(bench.api(Method::POST, "/auth", &Value::Null).1["id"], "api_access_denied");
    bench.admin(Method::PUT, "/knobs", &json!({"user_scoped_key": true}));
    assert_eq!(bench.api(Method::POST, "/auth", &Value::Null).0, 200);
    assert_eq!(bench.export().1["id"], "api_access_denied");
}

#[test]
fn each_route_has_its_status_and_error_id() {
    let mut bench = TestBench::new();
    let banner = bench.banner_ids()[0].as_str().unwrap_or_default().to_owned();
    let unknown = "00000000-0000-4000-8000-000000000000";
    let table = [
        (Method::POST, "/auth".to_owned(), 200, None),
        (Method::GET, "/auth".to_owned(), 405, Some("method_not_allowed")),
        (Method::POST, format!("/{EXPORT}"), 404, Some("endpoint_not_found")),
        (Method::GET, "/banners/nonsense".to_owned(), 404, Some("endpoint_not_found")),
        (Method::GET, format!("/banners/{unknown}"), 404, Some("visual_not_found")),
        (Method::GET, format!("/banners/{banner}"), 200, Some(banner.as_str())),
        (Method::GET, format!("/webhook/{unknown}"), 404, Some("not_found")),
        (Method::POST, "/signing-secret/rotate?force=maybe".to_owned(), 400, Some("invalid_query_param")),
    ];
    for (method, path, status, id) in table {
        let (got, body) = bench.api(method, &path, &Value::Null);
        assert_eq!((got, body["id"].as_str()), (status, id), "{path}");
    }
    let (_, body) = bench.api(Method::GET, &format!("/banners/{banner}"), &Value::Null);
    assert_eq!(body["version"], 1, "the version is the banner's counter, not the API stamp");
}

#[test]
fn export_bodies_are_validated() {
    let mut bench = TestBench::new();
    let known = bench.banner_ids()[0].clone();
    let unknown = "00000000-0000-4000-8000-000000000000";
    let table = [
        (json!({"ids": [known, unknown]}), 200, None),
        (json!({"ids": [unknown]}), 404, Some("visual_not_found")),
        (json!({"ids": ["short"]}), 404, Some("endpoint_not_found")),
        (json!({"ids": []}), 400, Some("out_of_range")),
        (json!({"ids": known}), 400, Some("wrong_type")),
        (json!({}), 400, Some("missing_required")),
        (json!([]), 400, Some("wrong_type")),
        (json!({"ids": [known], "callback_url": ""}), 400, Some("invalid_payload")),
    ];
    for (body, status, id) in table {
        let (got, response) = bench.api(Method::POST, EXPORT, &body);
        assert_eq!((got, response["id"].as_str()), (status, id), "{body}");
        assert_eq!(response["version"], "v2026-10-21");
    }
    let exports = bench.admin(Method::GET, "/exports", &Value::Null);
    assert_eq!(exports["accepted_posts"], 1);
    assert_eq!(exports["exports"][0]["found"], json!([known]));
}

#[test]
fn bodies_that_are_not_json_are_rejected() {
    let mut bench = TestBench::new();
    for (content_type, status, id) in [
        ("text/plain", 415, "unsupported_media_type"),
        ("application/json; charset=utf-8", 400, "invalid_payload"),
    ] {
        let request = Request::post(EXPORT)
            .header("x-api-key", &bench.key)
            .header("content-type", content_type)
            .body(Bytes::from_static(b"{"))
            .expect("a request");
        let (got, body) = read(&bench.simulator.handle(Endpoint::Api, request, bench.wall).response);
        assert_eq!((got, body["id"].as_str()), (status, Some(id)));
    }
}

#[test]
fn the_gateway_limit_and_the_windows_respond_with_429() {
    let mut bench = TestBench::new();
    for _ in 0..10 {
        assert_eq!(bench.export().0, 200);
    }
    let reply = bench.call(Endpoint::Api, Method::POST, EXPORT, &Value::Null);
    assert_eq!(reply.response.status(), 429);
    assert!(!reply.response.headers().contains_key("retry-after"), "the gateway's 429 has no Retry-After");
    for _ in 0..5 {
        bench.advance_real_time(1.0);
        for _ in 0..10 {
            bench.export();
        }
    }
    bench.advance_real_time(1.0);
    let reply = bench.call(Endpoint::Api, Method::POST, EXPORT, &Value::Null);
    assert_eq!(read(&reply.response).1["id"], "request_rate_limited");
    let header = |name: &str| reply.response.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("retry-after"), Some("54"));
    assert_eq!((header("x-ratelimit-limit"), header("x-ratelimit-remaining")), (Some("60"), Some("0")));
}

#[test]
fn call_faults_change_the_response_and_the_work() {
    let accepted = |bench: &mut TestBench| {
        bench.admin(Method::GET, "/exports", &Value::Null)["accepted_posts"].as_u64().unwrap_or_default()
    };
    let table = [
        (json!({"kind": "lost_response"}), None, SendMode::Lost, 1),
        (json!({"kind": "reset"}), None, SendMode::Lost, 0),
        (json!({"kind": "gateway_error", "status": 504, "after_work": true}), Some(504), SendMode::Plain, 1),
        (json!({"kind": "gateway_error", "body": "empty"}), Some(502), SendMode::Plain, 0),
        (json!({"kind": "answer", "status": 418, "body": {"id": "tea"}}), Some(418), SendMode::Plain, 0),
        (json!({"kind": "rate_limited", "retry_after": 9}), Some(429), SendMode::Plain, 0),
        (json!({"kind": "gateway_limited"}), Some(429), SendMode::Plain, 0),
        (json!({"kind": "credits_spent"}), Some(429), SendMode::Plain, 0),
        (json!({"kind": "feature_not_in_plan"}), Some(429), SendMode::Plain, 0),
    ];
    for (mut fault, status, manner, work) in table {
        let mut bench = TestBench::new();
        fault["on"] = "call".into();
        fault["route"] = format!("POST {EXPORT}").into();
        bench.fault(fault.clone());
        assert_eq!(
            bench.api(Method::POST, "/auth", &Value::Null).0,
            200,
            "the fault applies to another route"
        );
        let ids = bench.banner_ids();
        let reply = bench.call(Endpoint::Api, Method::POST, EXPORT, &json!({"ids": ids}));
        assert_eq!(reply.send_mode, manner, "{fault}");
        if let Some(status) = status {
            assert_eq!(reply.response.status(), status, "{fault}");
        }
        assert_eq!(accepted(&mut bench), work, "{fault}");
        assert_eq!(bench.export().0, 200, "the fault is used up: {fault}");
    }
}

#[test]
fn the_callback_can_arrive_before_the_response() {
    let mut bench = TestBench::new();
    bench.fault(json!({"on": "call", "kind": "callback_first", "seconds": 3}));
    let ids = bench.banner_ids();
    let body = json!({"ids": ids, "callback_url": "http://receiver.test/hook"});
    let reply = bench.call(Endpoint::Api, Method::POST, EXPORT, &body);
    assert_eq!(reply.send_mode, SendMode::Late(std::time::Duration::from_secs(3)));
    assert_eq!(bench.take_due().len(), 1);
}

#[test]
fn an_invalid_fault_or_setting_changes_nothing() {
    let mut bench = TestBench::new();
    let wrong = [
        (Method::POST, "/faults", json!([{"on": "call", "kind": "reset"}, {"on": "call", "kind": "late"}])),
        (Method::POST, "/faults", json!({"on": "call", "kind": "late", "seconds": 1, "secnds": 1})),
        (Method::POST, "/faults", json!({"on": "moon", "kind": "reset"})),
        (Method::POST, "/faults", json!({"on": "file", "kind": "fewer_entries", "entries": 1})),
        (Method::POST, "/faults", json!({"on": "archive", "kind": "expired", "file_type": "png"})),
        (Method::PUT, "/knobs", json!({"no_such": 1})),
        (Method::PUT, "/knobs", json!({"export_latency_seconds": -1})),
    ];
    for (method, path, body) in wrong {
        let reply = bench.call(Endpoint::Admin, method, path, &body);
        assert_eq!(reply.response.status(), 400, "{body}");
    }
    assert_eq!(bench.admin(Method::GET, "/faults", &Value::Null), json!([]));
}

#[test]
fn reset_keeps_the_secret_and_clears_the_rest() {
    let mut bench = TestBench::new();
    let secret = bench.simulator.credentials();
    bench.export();
    bench.admin(Method::POST, "/clock/advance", &json!({"seconds": 500}));
    bench.admin(Method::POST, "/reset", &Value::Null);
    assert_eq!(bench.admin(Method::GET, "/exports", &Value::Null)["accepted_posts"], 0);
    assert_eq!(bench.admin(Method::GET, "/clock", &Value::Null)["ahead_seconds"], 0.0);
    assert_eq!(bench.simulator.next_due(), None);
    assert_eq!(bench.simulator.credentials(), secret);
}
