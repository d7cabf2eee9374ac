//! Dubbing: one folder, a video for each language.

use serde_json::{Value, json};

use super::{TestBench, text};

const PATH: &str = "/automation/translatevideos";
const FILE: (&str, Option<&str>, &str) = ("file", Some("talk.mp4"), "x");

/// Dubs into three languages and returns the path of the folder.
fn dub(bench: &mut TestBench) -> String {
    let fields =
        [FILE, ("target_0", None, "de-DE"), ("target_1", None, "fr-FR"), ("target_2", None, "ko-KR")];
    let (status, response) = bench.post_form(PATH, &fields);
    assert_eq!(status, 200, "{response}");
    format!("{PATH}?folderId={}", text(&response["data"]["folderId"]))
}

fn items(bench: &mut TestBench, path: &str) -> Vec<Value> {
    let (status, response) = bench.get(path);
    assert_eq!(status, 200, "{response}");
    response["data"].as_array().expect("a list").clone()
}

fn progresses(bench: &mut TestBench, path: &str) -> Vec<f64> {
    items(bench, path).iter().map(|item| item["progress"].as_f64().expect("a number")).collect()
}

#[test]
fn one_language_of_a_folder_can_fail() {
    let mut bench = TestBench::with_scenario("S32", "plain");
    let path = dub(&mut bench);
    bench.advance_real_time(15.0);
    assert_eq!(progresses(&mut bench, &path)[1], 25.0, "the failing language starts normally");
    bench.advance_real_time(45.0);
    let items = items(&mut bench, &path);
    assert_eq!(items.len(), 3);
    assert_eq!((&items[1]["progress"], &items[1]["state"]), (&json!(40), &json!("error")));
    assert!(items[1].get("download_url").is_none());
    let url = text(&items[2]["download_url"]);
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
    let id = text(&items[2]["projectId"]);
    assert_eq!(bench.progress(&id).0, 404, "these ids are not accepted by default");
    bench.change_settings(&json!({"dubbing": {"ids_are_projects": true}}));
    assert_eq!(bench.progress_data(&id)["progress"], 100);
}

#[test]
fn invalid_forms_are_rejected_by_field() {
    let mut bench = TestBench::new();
    let (en, fr) = (("target_0", None, "en-US"), ("target_1", None, "fr-FR"));
    for (fields, message) in [
        ([en].as_slice(), "file or url is required"),
        (&[FILE], "target_0 is required"),
        (&[FILE, fr], "target_1 leaves a gap or repeats a language"),
        (&[FILE, en, ("target_1", None, "en-US")], "target_1 leaves a gap or repeats a language"),
        (&[FILE, ("target_0", None, "en")], "target_0 is no language of this call"),
        (&[FILE, ("target_10", None, "en-US")], "target_10 is not a parameter of this call"),
        (&[FILE, en, en], "target_0 is repeated"),
        (&[FILE, en, ("isRemoveBGM", None, "yes")], "isRemoveBGM must be true or false"),
        (&[FILE, en, ("numberOfSpeakers", None, "6")], "numberOfSpeakers must be auto or 1 to 5"),
        (&[FILE, en, ("originalSrt", None, "1")], "originalSrt must be a file"),
        (&[FILE, en, ("webhookUrl", None, "https://a.test")], "webhookUrl is not a parameter of this call"),
        (&[("url", None, "talk"), en], "url is not a valid URL"),
        (&[("file", Some("talk.mp4"), ""), en], "file or url is required"),
    ] {
        let (status, response) = bench.post_form(PATH, fields);
        assert_eq!((status, &response["error"]["msg"]), (400, &json!(message)), "{fields:?}");
    }
    let most = [
        ("url", None, "https://youtu.be/a"),
        ("original", None, "auto"),
        en,
        fr,
        ("originalSrt", Some("o.srt"), "1"),
        ("targetSrt_1", Some("t.srt"), "1"),
        ("isDubbingOnly", None, "true"),
        ("numberOfSpeakers", None, "5"),
    ];
    let (status, response) = bench.post_form(PATH, &most);
    assert_eq!(status, 200, "{response}");
}

#[test]
fn the_settings_allow_what_the_page_leaves_open() {
    for (settings, fields) in [
        (json!({"irregular_targets": "accept"}), [FILE, ("target_4", None, "en-US")]),
        (json!({"other_languages": "accept"}), [FILE, ("target_0", None, "en-GB")]),
    ] {
        let mut bench = TestBench::new();
        assert_eq!(bench.post_form(PATH, &fields).0, 400, "{settings}");
        bench.change_settings(&json!({"dubbing": settings}));
        assert_eq!(bench.post_form(PATH, &fields).0, 200, "{settings}");
    }
    let url = ("url", None, "https://video.test/a.mp4");
    for (settings, fields) in [
        (json!({"both_sources": "refuse"}), [FILE, url, ("target_0", None, "en-US")].as_slice()),
        (json!({"other_hosts": "refuse"}), &[url, ("target_0", None, "en-US")]),
    ] {
        let mut bench = TestBench::new();
        assert_eq!(bench.post_form(PATH, fields).0, 200, "{settings}");
        bench.change_settings(&json!({"dubbing": settings}));
        assert_eq!(bench.post_form(PATH, fields).0, 400, "{settings}");
    }
}

#[test]
fn each_video_has_its_own_progress() {
    let mut bench = TestBench::with_scenario("S48", "staggered");
    let path = dub(&mut bench);
    bench.advance_real_time(60.0);
    assert_eq!(progresses(&mut bench, &path), [100.0, 50.0, 0.0]);
    bench.change_settings(&json!({"dubbing": {"order": "reversed", "named_by_language": true}}));
    let items = items(&mut bench, &path);
    assert_eq!((&items[0]["name"], &items[2]["progress"]), (&json!("talk.mp4 (ko-KR)"), &json!(100)));
}

#[test]
fn a_video_may_stop_silently_or_forever() {
    let mut bench = TestBench::with_scenario("S49", "silent");
    let path = dub(&mut bench);
    bench.advance_real_time(80_000.0);
    assert_eq!(progresses(&mut bench, &path), [100.0, 40.0, 100.0]);
    assert_eq!(items(&mut bench, &path)[1].get("state"), None);
    let mut bench = TestBench::with_scenario("S49", "stuck");
    let path = dub(&mut bench);
    bench.advance_real_time(80_000.0);
    assert_eq!(progresses(&mut bench, &path), [100.0, 63.0, 100.0]);
}

#[test]
fn a_folder_and_its_videos_may_appear_late() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({
        "dubbing": {"missing_seconds": 10, "items_after_seconds": 10, "url_after_seconds": 20, "url_field": "camel"},
    }));
    let path = dub(&mut bench);
    assert_eq!(bench.get(&path).0, 404);
    bench.advance_real_time(10.0);
    assert_eq!(items(&mut bench, &path).len(), 0);
    bench.advance_real_time(50.0);
    let ended = items(&mut bench, &path)[0].clone();
    assert_eq!((&ended["progress"], ended.get("downloadUrl")), (&json!(100), None));
    bench.advance_real_time(20.0);
    assert!(items(&mut bench, &path)[0]["downloadUrl"].is_string());
}

#[test]
fn the_url_of_a_dubbed_video_can_expire() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"files": {"url_lifetime_seconds": 30}}));
    let path = dub(&mut bench);
    bench.advance_real_time(60.0);
    let url = text(&items(&mut bench, &path)[0]["download_url"]);
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
    bench.advance_real_time(30.0);
    assert_eq!(bench.download(&url, &[]).response.status(), 403);
    let url = text(&items(&mut bench, &path)[0]["download_url"]);
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
}
