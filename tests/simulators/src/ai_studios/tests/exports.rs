//! Accepting one or several exports.

use http::Method;
use serde_json::{Value, json};

use super::TestBench;

const EXPORT: &str = "/editor/project/export";

#[test]
fn invalid_export_bodies_are_rejected() {
    let mut bench = TestBench::new();
    let id = bench.project(0);
    let foreign = bench.describe()["foreign_project_id"].clone();
    let team = bench.describe()["workspace_ids"][1].clone();
    for (body, status, code) in [
        (json!([{"projectId": id}]), 400, 4000),
        (json!({}), 400, 4000),
        (json!({"projectId": ""}), 400, 4000),
        (json!({"projectId": "000000000000000000000000"}), 404, 4040),
        (json!({"projectId": foreign}), 403, 4030),
        (json!({"projectId": id, "workspaceId": "nobody's"}), 403, 4030),
        (json!({"projectId": id, "workspaceId": team}), 403, 4030),
        (json!({"projectId": id, "workspaceId": null}), 400, 4000),
        (json!({"projectId": id, "resolution": 720}), 400, 4000),
        (json!({"projectId": id, "resolution": "4K"}), 400, 4000),
        (json!({"projectId": id, "webhookUrl": "ftp://receiver.test"}), 400, 4000),
        (json!({"projectId": id, "webhookUrl": "no address"}), 400, 4000),
    ] {
        let (given, response) = bench.api(Method::POST, EXPORT, &body);
        assert_eq!((given, &response["error"]["code"]), (status, &json!(code)), "{body}");
        assert_eq!(response["success"], false);
    }
    assert_eq!(bench.admin(Method::GET, "/exports", &Value::Null)["accepted_posts"], 0);
}

#[test]
fn each_accepted_post_is_counted_and_charged() {
    let mut bench = TestBench::new();
    let workspace = bench.describe()["workspace_ids"][0].clone();
    let body = json!({"projectId": bench.project(1), "workspaceId": workspace, "resolution": "4k"});
    let (_, first) = bench.api(Method::POST, EXPORT, &body);
    assert_eq!(first, json!({"success": true, "data": {"projectId": bench.project(1)}}));
    let task = bench.show(&bench.project(1))["backendTaskId"].clone();
    bench.advance_real_time(66.0);
    bench.api(Method::POST, EXPORT, &body);
    assert_ne!(bench.show(&bench.project(1))["backendTaskId"], task, "each export has its own task");
    let exports = bench.admin(Method::GET, "/exports", &Value::Null);
    assert_eq!((&exports["accepted_posts"], &exports["credits"]), (&json!(2), &json!(4)));
    assert_eq!(exports["exports"][1]["resolution"], "4k");
}

#[test]
fn a_second_export_waits_for_the_first() {
    let mut bench = TestBench::new();
    let id = bench.export();
    bench.advance_real_time(35.0);
    let first = bench.show(&id)["backendTaskId"].clone();
    bench.export();
    assert_eq!(bench.progress_data(&id)["progress"], 50, "the first export continues");
    bench.advance_real_time(31.0);
    assert_ne!(bench.show(&id)["backendTaskId"], first, "the second export has started");
    assert_eq!(bench.progress_data(&id)["state"], "waiting");
    bench.advance_real_time(64.0);
    assert_eq!(bench.progress_data(&id)["state"], "exported");
}

#[test]
fn a_second_export_is_rejected_or_replaces_the_first() {
    let mut bench = TestBench::new();
    let id = bench.export();
    bench.advance_real_time(35.0);
    bench.change_settings(&json!({"export": {"while_running": "reject"}}));
    let (status, body) = bench.api(Method::POST, EXPORT, &json!({"projectId": id}));
    assert_eq!((status, &body["error"]["code"]), (409, &json!(4090)));
    bench.change_settings(&json!({"export": {"while_running": "replace"}}));
    let first = bench.show(&id)["backendTaskId"].clone();
    bench.api(Method::POST, EXPORT, &json!({"projectId": id}));
    assert_eq!(bench.progress_data(&id)["progress"], 0);
    assert_ne!(bench.show(&id)["backendTaskId"], first);
    bench.advance_real_time(35.0);
    assert!(
        bench.deliver(crate::simulator::DeliveryOutcome::Status(200)).len() <= 1,
        "the replaced export sends no webhooks"
    );
}

#[test]
fn the_previous_url_is_shown_as_the_setting_says() {
    for (kept, expected) in
        [("until_first_tick", [true, false]), ("cleared", [false, false]), ("kept", [true, true])]
    {
        let mut bench = TestBench::new();
        bench.change_settings(&json!({"export": {"previous_url": kept}}));
        let id = bench.describe()["exported_project_id"].as_str().expect("an id").to_owned();
        assert!(bench.show(&id)["download_url"].is_string());
        bench.api(Method::POST, EXPORT, &json!({"projectId": id}));
        let before = bench.show(&id)["download_url"].is_string();
        bench.advance_real_time(10.0);
        assert_eq!([before, bench.show(&id)["download_url"].is_string()], expected, "{kept}");
    }
}

#[test]
fn an_export_without_credit_is_rejected() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"export": {"credits": 3}}));
    bench.export();
    let (status, body) = bench.api(Method::POST, EXPORT, &json!({"projectId": bench.project(1)}));
    assert_eq!((status, &body["error"]["code"]), (402, &json!(4020)));
}

#[test]
fn exported_projects_are_listed_and_projects_are_deleted() {
    let mut bench = TestBench::new();
    let exported = bench.describe()["exported_project_id"].clone();
    let id = bench.export();
    bench.advance_real_time(65.0);
    let (_, list) = bench.get("/editor/project");
    let ids: Vec<&Value> = list["data"].as_array().expect("a list").iter().map(|item| &item["id"]).collect();
    assert_eq!(ids, [&json!(id), &exported], "only exported projects are listed");
    assert_eq!(list["data"][0]["state"], "exported");
    let (_, deleted) = bench.api(Method::DELETE, "/editor/project", &json!({"ids": [id, "nothing"]}));
    assert_eq!(deleted["data"]["deletedCount"], 1);
    assert_eq!(bench.progress(&id).0, 404);
    assert_eq!(bench.api(Method::DELETE, "/editor/project", &json!({})).0, 400);
}
