//! By default the simulator shows nothing that the vendor does not document (contract 9.7).

use http::Method;
use serde_json::{Value, json};

use super::TestBench;

/// Returns the names of an object's fields.
fn names(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flat_map(|fields| fields.keys()).map(String::as_str).collect()
}

/// Whether the vendor's documents name every field.
fn documented(value: &Value, fields: &[&str]) -> bool {
    names(value).iter().all(|name| fields.contains(name))
}

const PROJECT: [&str; 17] = [
    "_id",
    "name",
    "orientation",
    "scenes",
    "userId",
    "templateId",
    "state",
    "thumbnailUrl",
    "baseInfoId",
    "dictionary",
    "backendTaskId",
    "exportType",
    "progress",
    "creditSubstracted",
    "createdAt",
    "updatedAt",
    "download_url",
];

#[test]
fn only_documented_fields_are_shown() {
    let mut bench = TestBench::new();
    let id = bench.export();
    for _ in 0..8 {
        assert!(documented(&bench.progress(&id).1, &["success", "data"]));
        assert!(documented(&bench.progress_data(&id), &["progress", "state", "downloadUrl"]));
        assert!(documented(&bench.show(&id), &PROJECT));
        bench.advance_real_time(10.0);
    }
    assert_eq!(names(&bench.show(&id)).len(), PROJECT.len(), "an exported project has all fields");
    let (_, list) = bench.get("/editor/project");
    assert!(documented(&list["data"][0], &["id", "name", "state", "download_url"]));
    let (_, workspaces) = bench.get("/dropdown/workspaces");
    assert!(documented(&workspaces["data"][0], &["workspaceId", "workspaceName"]));
}

#[test]
fn only_the_invented_settings_hold_invented_values() {
    let mut bench = TestBench::new();
    let invented = json!({
        "states": {"waiting": "w", "exporting": "x", "exported": "y", "error": "z"},
        "codes": {"missing": 1, "auth": 2},
        "media_origin": "https://media.test",
        "media_folder": "m",
    });
    bench.change_settings(&json!({"invented": invented}));
    let id = bench.export();
    assert_eq!(bench.progress_data(&id)["state"], "w");
    bench.advance_real_time(30.0);
    assert_eq!(bench.progress_data(&id)["state"], "x");
    bench.advance_real_time(35.0);
    let end = bench.progress_data(&id);
    assert_eq!(
        end,
        json!({"progress": 100, "state": "y", "downloadUrl": format!("https://media.test/m/{id}.mp4")})
    );
    assert_eq!(bench.progress("0").1["error"]["code"], 1);
    bench.token = String::new();
    assert_eq!(bench.progress("0").1["error"]["code"], 2);
}

#[test]
fn the_account_depends_on_the_seed_and_new_ids_on_the_run() {
    let task = |run: u64| {
        let mut bench = TestBench::new();
        bench.simulator = super::AiStudiosSimulator::for_run(42, run);
        bench.token.clear();
        bench.token = bench.new_token();
        let id = bench.export();
        (bench.describe(), bench.show(&id)["backendTaskId"].clone())
    };
    let (first, again, other) = (task(1), task(1), task(2));
    assert_eq!(first, again);
    assert_eq!(first.0, other.0, "the account depends on the seed only");
    assert_ne!(first.1, other.1, "new ids depend on the run");
}

#[test]
fn a_reset_clears_all_but_the_tokens() {
    let mut bench = TestBench::with_scenario("S11", "plain");
    let id = bench.export();
    bench.admin(Method::POST, "/clock/advance", &json!({"seconds": 1000}));
    bench.admin(Method::POST, "/reset", &json!({}));
    assert_eq!(bench.progress_data(&id), json!({"progress": 0}));
    let clock = bench.admin(Method::GET, "/clock", &Value::Null);
    assert_eq!((&clock["ahead_seconds"], &clock["next_delivery_at"]), (&json!(0.0), &Value::Null));
}

#[test]
fn settings_are_validated() {
    let mut bench = TestBench::new();
    for (settings, complaint) in [
        (json!({"timelines": {}}), "no group"),
        (json!({"timeline": {"ramp": 1}}), "unknown field"),
        (json!({"timeline": {"ramp_seconds": -1}}), "from 0"),
        (json!({"timeline": {"fails_at_percent": 101}}), "from 0 to 100"),
        (json!({"files": {"padding_megabytes": 4096}}), "from 0 to 2048"),
        (json!([]), "must be an object"),
    ] {
        let request = super::request(Method::PUT, "/knobs", &settings);
        let (status, body) = super::read(&bench.send(crate::simulator::Endpoint::Admin, request).response);
        assert_eq!(status, 400);
        assert!(body["error"].as_str().is_some_and(|error| error.contains(complaint)), "{settings}: {body}");
    }
}

#[test]
fn the_readme_names_every_setting_and_variant() {
    let readme = include_str!("../README.md");
    let mut bench = TestBench::new();
    let settings = bench.admin(Method::GET, "/knobs", &Value::Null);
    for group in names(&settings) {
        assert!(readme.contains(&format!("| `{group}` |")), "the group {group}");
        for setting in names(&settings[group]) {
            assert!(readme.contains(&format!("`{setting}`")), "{group}.{setting}");
        }
    }
    let row = |id: &str| readme.lines().find(|line| line.starts_with(&format!("| {id}")));
    let list = bench.admin(Method::GET, "/scenarios", &Value::Null);
    for scenario in list.as_array().into_iter().flatten() {
        let row = row(scenario["id"].as_str().expect("an id")).expect("a row");
        for variant in scenario["variants"].as_array().into_iter().flatten() {
            assert!(row.contains(&format!("`{}`", variant["name"].as_str().expect("a name"))), "{row}");
        }
    }
}
