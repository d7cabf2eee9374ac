//! Projects that automation tools make, in two phases.

use http::Method;
use serde_json::{Value, json};

use super::{TestBench, text};

const EXPORT: &str = "/editor/project/export";
const UPLOAD: &str = "/automation/docs-to-video/upload-files";

/// Makes a project from a topic and returns its id.
fn from_topic(bench: &mut TestBench) -> String {
    text(&bench.created("/automation/topic_to_video", &json!({"topic": "Tea"}))["projectId"])
}

fn creation(bench: &mut TestBench, id: &str) -> Value {
    let (status, response) = bench.get(&format!("/automation/progress?projectId={id}"));
    assert_eq!(status, 200, "{response}");
    response["data"].clone()
}

#[test]
fn a_tool_makes_a_project_that_is_exported_afterwards() {
    let mut bench = TestBench::new();
    let id = from_topic(&mut bench);
    bench.rejected(EXPORT, &json!({"projectId": id}));
    bench.advance_real_time(20.0);
    for path in
        ["/automation/progress?projectId=", "/automation/progress/?projectId=", "/automation/progress/"]
    {
        let (_, response) = bench.get(&format!("{path}{id}"));
        assert_eq!(response["data"], json!({"state": "building audio", "progress": 50}), "{path}");
    }
    bench.advance_real_time(20.0);
    assert_eq!(creation(&mut bench, &id), json!({"state": "finish", "progress": 100}));
    bench.created(EXPORT, &json!({"projectId": id}));
    bench.advance_real_time(65.0);
    assert_eq!(bench.progress_data(&id)["state"], "exported");
}

#[test]
fn every_tool_requires_its_input() {
    let mut bench = TestBench::new();
    for (tool, field, value) in [
        ("scripts_to_video", "scripts", json!("Once upon a time")),
        ("topic_to_video", "topic", json!("Tea")),
        ("url_to_video", "url", json!("https://example.net/a")),
    ] {
        let path = format!("/automation/{tool}");
        assert_eq!(bench.rejected(&path, &json!({})), format!("{field} is required"));
        assert_ne!(bench.rejected(&path, &json!({ field: ["a"] })), "", "{tool}");
        assert!(bench.created(&path, &json!({ field: value }))["automationJobId"].is_string(), "{tool}");
    }
    assert_eq!(
        bench.rejected("/automation/url_to_video", &json!({"url": "example.net"})),
        "url is not a valid URL"
    );
}

#[test]
fn options_are_those_of_the_tool() {
    let mut bench = TestBench::new();
    for (options, message) in [
        (json!({"duration": 45}), "options.duration is invalid"),
        (json!({"duration": "60"}), "options.duration is invalid"),
        (json!({"speed": 1.6}), "options.speed is out of range"),
        (json!({"style": "comic"}), "options.style is invalid"),
        (json!({"voiceOnly": "no"}), "options.voiceOnly must be a boolean"),
        (json!({"scriptOption": "ai"}), "options.scriptOption is not a parameter of this call"),
        (json!([]), "options must be an object"),
    ] {
        let body = json!({"topic": "Tea", "options": options});
        assert_eq!(bench.rejected("/automation/topic_to_video", &body), message);
    }
    let options = json!({"scriptOption": "original", "duration": 180, "speed": 0.5, "style": "lowPoly"});
    let body = json!({"scripts": "Hi", "options": options});
    bench.created("/automation/scripts_to_video", &body);
    bench.change_settings(&json!({"automation": {"unfit_options": "refuse"}}));
    assert_eq!(
        bench.rejected("/automation/scripts_to_video", &body),
        "options.style requires options.media generative"
    );
}

#[test]
fn documents_are_uploaded_first_and_return_no_job() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"automation": {"upload_seconds": 60}}));
    let files = [("files", Some("a.pdf"), "x"), ("files", Some("b.docx"), "y")];
    let (_, response) = bench.post_form(UPLOAD, &files);
    let uploaded = response["data"]["uploadResults"].clone();
    assert_eq!(uploaded[1]["fileName"], "b.docx");
    let path = "/automation/docs-to-video";
    let data = bench.created(path, &json!({"files": uploaded, "options": {"speed": 1}}));
    assert!(data["projectId"].is_string() && data.get("automationJobId").is_none());
    for (body, message) in [
        (json!({"files": []}), "files is required"),
        (json!({"files": ["a.pdf"]}), "files[0] must be an object"),
        (json!({"files": [{"uri": "a.pdf"}]}), "files[0].fileName is required"),
        (json!({"files": [{"uri": "a.pdf", "fileName": "a.pdf"}]}), "files[0].uri does not exist"),
        (
            json!({"files": uploaded, "options": {"duration": 30}}),
            "options.duration is not a parameter of this call",
        ),
    ] {
        assert_eq!(bench.rejected(path, &body), message);
    }
    bench.advance_real_time(60.0);
    assert_eq!(bench.rejected(path, &json!({"files": uploaded})), "files[0].uri does not exist");
    assert_eq!(bench.post_form(UPLOAD, &[("files", Some("a.exe"), "x")]).0, 400);
    assert_eq!(bench.post_form(UPLOAD, &[("file", Some("a.pdf"), "x")]).0, 400);
}

#[test]
fn a_stalled_creation_never_ends() {
    let mut bench = TestBench::with_scenario("S31", "stalls");
    let id = from_topic(&mut bench);
    bench.advance_real_time(80_000.0);
    assert_eq!(creation(&mut bench, &id), json!({"state": "building audio", "progress": 50}));
    bench.rejected(EXPORT, &json!({"projectId": id}));
}

#[test]
fn the_state_and_the_progress_may_end_apart() {
    for (variant, shown) in [
        ("state_first", json!({"state": "finish", "progress": 95})),
        ("progress_first", json!({"state": "building audio", "progress": 100})),
    ] {
        let mut bench = TestBench::with_scenario("S43", variant);
        let id = from_topic(&mut bench);
        bench.advance_real_time(38.0);
        assert_eq!(creation(&mut bench, &id), shown, "{variant}");
        bench.rejected(EXPORT, &json!({"projectId": id}));
        bench.advance_real_time(2.0);
        assert_eq!(creation(&mut bench, &id), json!({"state": "finish", "progress": 100}), "{variant}");
        bench.created(EXPORT, &json!({"projectId": id}));
    }
}

#[test]
fn a_creation_can_fail() {
    let mut bench = TestBench::with_scenario("S44", "object");
    let id = from_topic(&mut bench);
    bench.advance_real_time(100.0);
    let error = json!({"code": 5000, "msg": "rendering failed"});
    assert_eq!(creation(&mut bench, &id), json!({"state": "error", "progress": 40, "error": error}));
}

#[test]
fn the_progress_of_a_creation_may_be_missing_at_first() {
    let mut bench = TestBench::with_scenario("S45", "missing");
    let id = from_topic(&mut bench);
    assert_eq!(bench.get(&format!("/automation/progress?projectId={id}")).0, 404);
    bench.advance_real_time(10.0);
    assert_eq!(creation(&mut bench, &id)["progress"], 25);
    assert_eq!(
        bench.api(Method::GET, &format!("/automation/progress/{}", bench.project(0)), &Value::Null).0,
        404
    );
}
