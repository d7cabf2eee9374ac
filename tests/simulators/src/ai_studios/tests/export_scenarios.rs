//! Scenarios of one export: its progress, its project and its URL.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::DeliveryOutcome;

use super::{TestBench, text};

const EXPORT: &str = "/editor/project/export";

#[test]
fn progress_is_sent_in_other_forms() {
    for (variant, running) in [("text", json!("37.25")), ("integer", json!(37)), ("percent", json!("37%"))] {
        let mut bench = TestBench::with_scenario("S03", variant);
        let id = bench.export();
        bench.advance_real_time(27.35);
        assert_eq!(bench.progress_data(&id)["progress"], running);
    }
}

#[test]
fn the_url_is_late_or_elsewhere_or_missing() {
    let urls = |scenario: &str| {
        let mut bench = TestBench::with_scenario(scenario, "plain");
        let id = bench.export();
        bench.advance_real_time(66.0);
        let shown: Vec<bool> =
            (0..4).map(|_| bench.progress_data(&id).get("downloadUrl").is_some()).collect();
        (shown, bench.show(&id).get("download_url").is_some())
    };
    assert_eq!(urls("S06"), (vec![false, false, false, true], true));
    assert_eq!(urls("S07"), (vec![false; 4], true));
    assert_eq!(urls("S08"), (vec![false; 4], false));
}

#[test]
fn a_failed_export_has_a_reason_only_in_some_variants() {
    for (variant, error) in [
        ("bare", None),
        ("object", Some(json!({"code": 5000, "msg": "rendering failed"}))),
        ("text", Some(json!("rendering failed"))),
    ] {
        let mut bench = TestBench::with_scenario("S09", variant);
        let id = bench.export();
        bench.advance_real_time(1_000.0);
        let data = bench.progress_data(&id);
        assert_eq!((&data["state"], &data["progress"]), (&json!("error"), &json!(40)));
        assert_eq!(data.get("error"), error.as_ref(), "{variant}");
    }
}

#[test]
fn progress_fails_with_http_200_and_with_http_500() {
    let mut bench = TestBench::with_scenario("S10", "http_200");
    let id = bench.export();
    for _ in 0..4 {
        let (status, body) = bench.progress(&id);
        assert_eq!((status, &body["success"]), (200, &json!(false)));
    }
    let mut bench = TestBench::with_scenario("S10", "http_500");
    let id = bench.export();
    let statuses: Vec<u16> = (0..4).map(|_| bench.progress(&id).0).collect();
    assert_eq!(statuses, [500, 500, 500, 200]);
}

#[test]
fn both_ids_find_the_export() {
    let mut bench = TestBench::with_scenario("S18", "plain");
    let (returned, requested) = (bench.export(), bench.project(0));
    assert_ne!(returned, requested);
    bench.advance_real_time(35.0);
    assert_eq!(
        (bench.progress_data(&returned), bench.progress_data(&requested)["progress"].clone()),
        (json!({"progress": 50, "state": "exporting"}), json!(50))
    );
    assert_eq!(bench.show(&returned)["_id"], json!(requested));
}

#[test]
fn the_previous_export_is_shown_for_a_while() {
    for (variant, new_task) in [("plain", false), ("new_task", true)] {
        let mut bench = TestBench::with_scenario("S19", variant);
        let id = text(&bench.admin(Method::POST, "/projects", &json!({"exported": true}))["project_id"]);
        let before = bench.show(&id);
        let (_, response) = bench.api(Method::POST, EXPORT, &json!({"projectId": id}));
        assert_eq!(response["success"], true);
        bench.advance_real_time(19.0);
        assert_eq!(bench.progress_data(&id)["progress"], 100, "the response is stale");
        let stale = bench.show(&id);
        assert_eq!(stale["download_url"], before["download_url"]);
        assert_eq!(stale["backendTaskId"] != before["backendTaskId"], new_task);
        bench.advance_real_time(1.0);
        assert_eq!(bench.progress_data(&id)["progress"], 25);
    }
}

#[test]
fn a_project_is_missing_at_first_or_permanently() {
    let mut bench = TestBench::with_scenario("S20", "plain");
    let id = bench.export();
    assert_eq!(bench.progress(&id).0, 404);
    bench.advance_real_time(10.0);
    assert_eq!(bench.progress(&id).0, 200);
    let mut bench = TestBench::with_scenario("S21", "plain");
    let id = bench.export();
    bench.advance_real_time(28.0);
    assert_eq!(bench.progress(&id).0, 200);
    bench.advance_real_time(1.0);
    assert_eq!((bench.progress(&id).0, bench.get(&format!("/editor/project/{id}")).0), (404, 404));
}

#[test]
fn a_webhook_is_ahead_of_polling() {
    let mut bench = TestBench::with_scenario("S24", "plain");
    let id = bench.export();
    bench.advance_real_time(65.0);
    let sent = bench.deliver(DeliveryOutcome::Status(200));
    assert!(String::from_utf8_lossy(sent[3].request.body()).contains("\"progress\":100"));
    assert_eq!(bench.progress_data(&id)["progress"], 80);
    bench.advance_real_time(12.0);
    assert_eq!(bench.progress_data(&id)["progress"], 100);
}

#[test]
fn download_urls_can_be_plain_http_or_ip_addresses() {
    for (variant, start) in
        [("plain_http", "http://media.aistudios.com/"), ("ip_literal", "https://192.0.2.7/")]
    {
        let mut bench = TestBench::with_scenario("S26", variant);
        let id = bench.export();
        bench.advance_real_time(65.0);
        assert!(text(&bench.progress_data(&id)["downloadUrl"]).starts_with(start));
    }
}

#[test]
fn a_project_response_can_have_many_megabytes() {
    let mut bench = TestBench::with_scenario("S27", "plain");
    let path = format!("/editor/project/{}", bench.project(0));
    let reply = bench.call(Method::GET, &path, &Value::Null);
    let length = reply.response.body().len();
    assert!((10_000_000..11_000_000).contains(&length), "{length}");
}

#[test]
fn progress_falls_back_once() {
    let mut bench = TestBench::with_scenario("S28", "plain");
    let id = bench.export();
    let mut seen = Vec::new();
    for _ in 0..12 {
        bench.advance_real_time(6.0);
        seen.push(bench.progress_data(&id)["progress"].as_f64().expect("a number"));
    }
    assert_eq!(seen.windows(2).filter(|pair| pair[1] < pair[0]).count(), 1, "{seen:?}");
    assert_eq!(seen.last(), Some(&100.0));
}
