//! The catalogue: every scenario can be applied and has its documented effect.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::{DeliveryOutcome, Endpoint, SendMode};

use super::{TestBench, read, request, text};

const EXPORT: &str = "/editor/project/export";

/// Returns every scenario and variant of the catalogue.
fn catalogue() -> Vec<(String, String)> {
    let list = TestBench::new().admin(Method::GET, "/scenarios", &Value::Null);
    let scenarios = list.as_array().cloned().unwrap_or_default();
    let variants = |scenario: &Value| {
        let names = scenario["variants"].as_array().cloned().unwrap_or_default();
        names.iter().map(|variant| (text(&scenario["id"]), text(&variant["name"]))).collect::<Vec<_>>()
    };
    scenarios.iter().flat_map(variants).collect()
}

/// The groups of settings that cannot be set for one project.
const ACCOUNT_GROUPS: [&str; 6] = ["auth", "lists", "creation", "automation", "dubbing", "tools"];

fn variant_settings(id: &str, variant: &str) -> Value {
    let choice = json!({"scenario": id, "variant": variant});
    TestBench::new().admin(Method::PUT, "/scenario", &choice)["knobs"].clone()
}

#[test]
fn all_scenarios_can_be_applied() {
    let mut ids: Vec<String> = catalogue().into_iter().map(|(id, _)| id).collect();
    ids.dedup();
    assert_eq!(ids, (1..=57).map(|number| format!("S{number:02}")).collect::<Vec<_>>());
    for (id, variant) in catalogue() {
        TestBench::with_scenario(&id, &variant);
    }
}

#[test]
fn all_scenarios_but_those_of_the_account_apply_to_one_project() {
    for (id, variant) in catalogue() {
        let mut bench = TestBench::new();
        let project = bench.project(0);
        let choice = json!({"scenario": id, "variant": variant});
        let request = request(Method::PUT, &format!("/projects/{project}/scenario"), &choice);
        let (status, body) = read(&bench.send(Endpoint::Admin, request).response);
        let settings = variant_settings(&id, &variant);
        let account_groups = ACCOUNT_GROUPS.iter().any(|group| settings.get(group).is_some());
        assert_eq!(status, if account_groups { 400 } else { 200 }, "{id} {variant}: {body}");
    }
}

#[test]
fn a_scenario_of_one_project_does_not_affect_others() {
    let mut bench = TestBench::new();
    let (stuck, well) = (bench.project(0), bench.project(1));
    for (project, scenario) in [(&stuck, "S14"), (&stuck, "S11"), (&well, "S02")] {
        bench.admin(Method::PUT, &format!("/projects/{project}/scenario"), &json!({"scenario": scenario}));
    }
    for project in [&stuck, &well] {
        bench.api(Method::POST, EXPORT, &json!({"projectId": project}));
    }
    bench.advance_real_time(1_000.0);
    assert_eq!(
        bench.progress_data(&stuck),
        json!({"progress": 63, "state": "exporting"}),
        "S11 replaces S14"
    );
    assert_eq!(bench.progress_data(&well)["progress"], 100);
}

#[test]
fn a_token_is_revoked_between_two_polls() {
    let mut bench = TestBench::with_scenario("S12", "plain");
    let id = bench.export();
    let statuses: Vec<u16> = (0..3).map(|_| bench.progress(&id).0).collect();
    assert_eq!(statuses, [200, 401, 401], "the old token stays revoked");
    bench.token = bench.new_token();
    assert_eq!(bench.progress(&id).0, 200);
}

#[test]
fn throttled_calls_have_a_delay_only_in_some_variants() {
    for (variant, status, wait) in [("retry_after", 429, Some("7")), ("bare", 429, None), ("page", 502, None)]
    {
        let mut bench = TestBench::with_scenario("S14", variant);
        let id = bench.export();
        let reply = bench.call(Method::GET, &format!("/editor/progress/{id}"), &Value::Null).response;
        let given = reply.headers().get("retry-after").and_then(|value| value.to_str().ok());
        assert_eq!((reply.status().as_u16(), given), (status, wait), "{variant}");
    }
}

#[test]
fn an_export_with_an_unclear_response_may_be_accepted() {
    for (scenario, variant, accepted, manner) in [
        ("S15", "reset", 1, SendMode::Lost),
        ("S15", "late", 1, SendMode::Late(std::time::Duration::from_secs(35))),
        ("S15", "error", 1, SendMode::Plain),
        ("S16", "error", 0, SendMode::Plain),
        ("S16", "reset", 0, SendMode::Lost),
    ] {
        let mut bench = TestBench::with_scenario(scenario, variant);
        let id = bench.project(0);
        let reply = bench.call(Method::POST, EXPORT, &json!({"projectId": id}));
        assert_eq!(reply.send_mode, manner, "{scenario} {variant}");
        let exports = bench.admin(Method::GET, "/exports", &Value::Null);
        assert_eq!(exports["accepted_posts"], accepted, "{scenario} {variant}");
        assert_eq!(bench.show(&id).get("backendTaskId").is_some(), accepted == 1);
    }
}

#[test]
fn exports_are_rejected_by_quota_and_plan() {
    for (variant, status) in [("quota", 402), ("plan", 403)] {
        let mut bench = TestBench::with_scenario("S17", variant);
        let id = bench.project(0);
        assert_eq!(bench.api(Method::POST, EXPORT, &json!({"projectId": id})).0, status);
    }
}

#[test]
fn forged_webhooks_follow_the_export() {
    let mut bench = TestBench::with_scenario("S22", "all");
    bench.export();
    bench.advance_real_time(1.0);
    let sent = bench.deliver(DeliveryOutcome::Status(200));
    assert_eq!(sent.len(), 3);
    assert!(
        sent.iter().all(|sent| String::from_utf8_lossy(sent.request.body()).contains("attacker.example"))
    );
}

#[test]
fn webhooks_are_duplicated_or_reordered() {
    for (variant, expected) in [
        ("duplicates", vec![25, 25, 25, 50, 50, 50, 75, 75, 75, 100, 100, 100]),
        ("reordered", vec![25, 50, 100, 75]),
    ] {
        let mut bench = TestBench::with_scenario("S23", variant);
        bench.export();
        let percents: Vec<i64> = bench.bodies().iter().filter_map(|body| body["progress"].as_i64()).collect();
        assert_eq!(percents, expected, "{variant}");
    }
}

#[test]
fn the_envelope_has_every_shape() {
    for (variant, success, failure) in [
        (
            "missing",
            json!({"data": {"progress": 0}}),
            json!({"error": {"code": 4040, "msg": "project does not exist"}}),
        ),
        (
            "text",
            json!({"success": "true", "data": {"progress": 0}}),
            json!({"success": "false", "error": {"code": 4040, "msg": "project does not exist"}}),
        ),
        (
            "error_text",
            json!({"success": true, "data": {"progress": 0}}),
            json!({"success": false, "error": "project does not exist"}),
        ),
        ("bare", json!({"progress": 0}), json!({"error": {"code": 4040, "msg": "project does not exist"}})),
        (
            "succeed",
            json!({"succeed": true, "data": {"progress": 0}}),
            json!({"succeed": false, "error": {"code": 4040, "msg": "project does not exist"}}),
        ),
    ] {
        let mut bench = TestBench::with_scenario("S25", variant);
        assert_eq!(bench.progress(&bench.project(0)).1, success, "{variant}");
        assert_eq!(bench.progress("0").1, failure, "{variant}");
    }
}

#[test]
fn lists_have_every_shape() {
    for (variant, place) in [("bare", "/0"), ("numeric", "/data/0"), ("named", "/data/workspaces/0")] {
        let mut bench = TestBench::with_scenario("S29", variant);
        let (_, body) = bench.get("/dropdown/workspaces");
        assert_eq!(body.pointer(&format!("{place}/workspaceName")), Some(&json!("Personal")), "{variant}");
    }
}

#[test]
fn the_chinese_service_accepts_fewer_fields() {
    let mut bench = TestBench::with_scenario("S30", "plain");
    let id = bench.project(0);
    assert_eq!(bench.api(Method::POST, EXPORT, &json!({"projectId": id, "resolution": "720"})).0, 400);
    assert_eq!(bench.api(Method::POST, EXPORT, &json!({"projectId": id})).0, 200);
    assert_eq!(bench.api(Method::POST, "/automation/translatevideos", &json!({})).0, 404);
}

#[test]
fn an_unknown_scenario_or_variant_is_not_found() {
    let mut bench = TestBench::new();
    for choice in [json!({"scenario": "S58"}), json!({"scenario": "S03", "variant": "roman"})] {
        let request = request(Method::PUT, "/scenario", &choice);
        assert_eq!(read(&bench.send(Endpoint::Admin, request).response).0, 404);
    }
}
