//! The progress of an export as polling shows it.

use http::Method;
use serde_json::{Value, json};

use super::TestBench;

#[test]
fn an_export_goes_from_waiting_to_exporting_to_exported() {
    let mut bench = TestBench::new();
    let id = bench.project(0);
    assert_eq!(bench.progress_data(&id), json!({"progress": 0}), "never exported");
    bench.export();
    assert_eq!(bench.progress_data(&id), json!({"progress": 0, "state": "waiting"}));
    bench.advance_real_time(5.0 + 22.35);
    assert_eq!(bench.progress_data(&id), json!({"progress": 37.25, "state": "exporting"}));
    bench.advance_real_time(37.64);
    assert_eq!(bench.progress_data(&id)["progress"], 99.98);
    bench.advance_real_time(0.01);
    let url = format!("http://files.test/export/{id}.mp4");
    let end = json!({"progress": 100, "state": "exported", "downloadUrl": url});
    assert_eq!(bench.progress_data(&id), end);
    bench.advance_real_time(80_000.0);
    assert_eq!(bench.progress_data(&id), end, "nothing expires");
}

#[test]
fn the_project_shows_the_same_state_as_polling() {
    let mut bench = TestBench::new();
    let id = bench.project(0);
    let before = bench.show(&id);
    assert!(before.get("state").is_none() && before.get("backendTaskId").is_none());
    bench.export();
    bench.advance_real_time(35.5);
    let running = bench.show(&id);
    assert_eq!((&running["state"], &running["progress"]), (&json!("exporting"), &json!(50)));
    assert!(running["backendTaskId"].as_str().is_some_and(|task| task.starts_with("bt-")));
    assert_eq!(running["creditSubstracted"], false);
    assert!(running.get("download_url").is_none());
    bench.advance_real_time(30.0);
    let ended = bench.show(&id);
    assert_eq!((&ended["state"], &ended["creditSubstracted"]), (&json!("exported"), &json!(true)));
    assert_eq!(ended["download_url"], json!(format!("http://files.test/export/{id}.mp4")));
    assert_eq!(ended["updatedAt"], "2026-09-21T14:14:25Z");
}

#[test]
fn the_clock_can_be_advanced_to_the_last_export() {
    let mut bench = TestBench::new();
    let id = bench.export();
    bench.admin(Method::POST, "/clock/advance", &json!({"seconds": 35}));
    assert_eq!(bench.progress_data(&id)["progress"], 50);
    bench.admin(Method::POST, "/clock/advance", &json!({"to": "last_export"}));
    assert_eq!(bench.progress_data(&id)["state"], "exported");
}

#[test]
fn unknown_and_unexported_projects_can_be_missing() {
    let mut bench = TestBench::new();
    assert_eq!(bench.progress("000000000000000000000000").0, 404);
    bench.change_settings(&json!({"progress": {"unexported": "missing"}}));
    assert_eq!(bench.progress(&bench.project(0)).0, 404);
    bench.change_settings(&json!({"envelope": {"errors_as_200": true}}));
    let (status, body) = bench.progress("000000000000000000000000");
    assert_eq!((status, &body["success"]), (200, &json!(false)));
}

#[test]
fn a_url_before_the_end_may_be_null_or_empty() {
    let mut bench = TestBench::new();
    let id = bench.export();
    for (form, expected) in [("null", Value::Null), ("empty", json!(""))] {
        bench.change_settings(&json!({"progress": {"early_url": form}}));
        assert_eq!(bench.progress_data(&id).get("downloadUrl"), Some(&expected));
    }
}

#[test]
fn settings_of_one_project_do_not_affect_others() {
    let mut bench = TestBench::new();
    let id = bench.project(1);
    bench.admin(
        Method::PUT,
        &format!("/projects/{id}/knobs"),
        &json!({"timeline": {"ramp_seconds": 10, "queue_seconds": 0}}),
    );
    let other = bench.export();
    bench.api(Method::POST, "/editor/project/export", &json!({"projectId": id}));
    bench.advance_real_time(10.0);
    assert_eq!(bench.progress_data(&id)["state"], "exported");
    assert_eq!(bench.progress_data(&other)["state"], "exporting");
}
