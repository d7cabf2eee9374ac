//! The Files endpoint: ranges, expiry and archive faults.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::simulator::{DeliveryOutcome, Endpoint, Reply, SendMode, Simulator};

use super::TestBench;

/// Exports and returns the path of the archive from the delivery.
fn exported(bench: &mut TestBench) -> String {
    bench.export();
    bench.advance_real_time(2.0);
    let sent = bench.deliver(DeliveryOutcome::Status(200));
    let body: Value = serde_json::from_slice(sent.request.body()).unwrap_or_default();
    let url = body["archive_url"].as_str().unwrap_or_default();
    url.strip_prefix("http://files.test").expect("a URL of the Files endpoint").to_owned()
}

fn get(bench: &mut TestBench, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::new()).expect("a request");
    bench.simulator.handle(Endpoint::Files, request, bench.wall).response
}

fn header(response: &Response<Bytes>, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[test]
fn an_archive_supports_ranges() {
    let mut bench = TestBench::new();
    let path = exported(&mut bench);
    let whole = get(&mut bench, &path, &[]);
    assert_eq!(
        (whole.status().as_u16(), header(&whole, "content-type")),
        (200, "application/zip".to_owned())
    );
    assert!(whole.body().starts_with(b"PK") && whole.body().len() > 50_000);
    let etag = header(&whole, "etag");
    let part = get(&mut bench, &path, &[("range", "bytes=10-19"), ("if-range", &etag)]);
    assert_eq!(part.status(), 206);
    assert_eq!(part.body(), &whole.body().slice(10..20));
    assert_eq!(header(&part, "content-range"), format!("bytes 10-19/{}", whole.body().len()));
    assert_eq!(get(&mut bench, &path, &[("range", "bytes=10-19"), ("if-range", "\"other\"")]).status(), 200);
    assert_eq!(get(&mut bench, &path, &[("range", "bytes=99999999-")]).status(), 416);
    bench.admin(Method::PUT, "/knobs", &json!({"archive_ranges": false}));
    let ignored = get(&mut bench, &path, &[("range", "bytes=10-19")]);
    assert_eq!((ignored.status().as_u16(), header(&ignored, "accept-ranges")), (200, String::new()));
}

#[test]
fn an_archive_url_is_valid_for_one_hour_and_for_get_only() {
    let mut bench = TestBench::new();
    let path = exported(&mut bench);
    assert_eq!(bench.call(Endpoint::Files, Method::HEAD, &path, &Value::Null).response.status(), 403);
    let forged = path.replace("Expires=1", "Expires=2");
    assert_eq!(get(&mut bench, &forged, &[]).status(), 403);
    bench.admin(Method::POST, "/clock/advance", &json!({"seconds": 3_599}));
    assert_eq!(get(&mut bench, &path, &[]).status(), 200);
    bench.advance_real_time(1.0);
    let expired = get(&mut bench, &path, &[]);
    assert_eq!(
        (expired.status().as_u16(), header(&expired, "content-type").as_str()),
        (403, "application/xml")
    );
}

#[test]
fn a_custom_archive_is_served_for_one_export() {
    let mut bench = TestBench::new();
    let request = Request::put("/archive").header("content-type", "application/x-thing");
    let request = request.body(Bytes::from_static(b"PK anything")).expect("a request");
    bench.simulator.handle(Endpoint::Admin, request, bench.wall);
    let [first, second] = [exported(&mut bench), exported(&mut bench)];
    let chosen = get(&mut bench, &first, &[]);
    assert_eq!(chosen.body().as_ref(), b"PK anything");
    assert_eq!(header(&chosen, "content-type"), "application/x-thing");
    assert!(get(&mut bench, &second, &[]).body().len() > 50_000);
}

#[test]
fn a_platform_export_can_serve_an_unzipped_file() {
    let mut bench = TestBench::new();
    bench.api(Method::POST, "/subscribe", &json!({"hook_url": "http://r.test/", "type": "new_export"}));
    let id = bench.banner_ids()[1].clone();
    bench.admin(Method::POST, "/exports", &json!({"banner_ids": [id], "bare_file": true}));
    bench.advance_real_time(2.0);
    let sent = bench.deliver(DeliveryOutcome::Status(200));
    let body: Value = serde_json::from_slice(sent.request.body()).unwrap_or_default();
    let url = body["archive_url"].as_str().unwrap_or_default().replace("http://files.test", "");
    let file = get(&mut bench, &url, &[]);
    assert_eq!(header(&file, "content-type"), "image/jpeg");
}

/// Checks a reply.
type ReplyCheck = fn(&Reply) -> bool;

#[test]
fn archive_faults_change_the_download() {
    let table: [(Value, ReplyCheck); 12] = [
        (json!({"kind": "expired"}), |reply| reply.response.status() == 403),
        (json!({"kind": "not_found"}), |reply| reply.response.status() == 404),
        (json!({"kind": "unavailable"}), |reply| reply.response.status() == 503),
        (json!({"kind": "truncated", "bytes": 99}), |reply| reply.response.body().len() == 99),
        (json!({"kind": "cut", "after_bytes": 7}), |reply| reply.send_mode == SendMode::CutAfter(7)),
        (json!({"kind": "not_a_zip"}), |reply| header(&reply.response, "content-type").contains("html")),
        (json!({"kind": "content_type", "value": "a/b"}), |reply| {
            header(&reply.response, "content-type") == "a/b"
        }),
        (json!({"kind": "fewer_entries", "entries": 0}), |reply| reply.response.body().len() == 22),
        (json!({"kind": "redirect", "location": "http://10.0.0.1/"}), |reply| {
            reply.response.status() == 302 && header(&reply.response, "location") == "http://10.0.0.1/"
        }),
        (json!({"kind": "no_length"}), |reply| reply.send_mode == SendMode::NoLength),
        (json!({"kind": "no_length", "short_after": 5}), |reply| {
            reply.send_mode == SendMode::ShortNoLength(5)
        }),
        (json!({"kind": "slow", "chunk": 9, "pause_seconds": 0.5}), |reply| {
            matches!(reply.send_mode, SendMode::Slow { chunk: 9, .. })
        }),
    ];
    let mut bench = TestBench::new();
    let path = exported(&mut bench);
    for (mut fault, check) in table {
        fault["on"] = "archive".into();
        fault["route"] = "GET /exports/*".into();
        fault["count"] = 2.into();
        bench.fault(fault.clone());
        for _ in 0..2 {
            assert!(check(&bench.call(Endpoint::Files, Method::GET, &path, &Value::Null)), "{fault}");
        }
        let healed = bench.call(Endpoint::Files, Method::GET, &path, &Value::Null);
        assert_eq!((healed.response.status().as_u16(), healed.send_mode), (200, SendMode::Plain), "{fault}");
    }
}
