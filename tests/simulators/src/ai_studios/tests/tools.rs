//! The tools that answer at once, and the files that they name.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::SendMode;

use super::{TestBench, text};

fn voice() -> Value {
    json!({"script": "Hello", "model": "M1", "type": "deepbrainai", "language": "en"})
}

fn speech() -> Value {
    json!({"language": "en", "text": "Hello", "model": "M1"})
}

#[test]
fn every_generated_file_has_its_type() {
    let mut bench = TestBench::new();
    for (path, body, content_type, start) in [
        (
            "/tools/image-generator",
            json!({"topic": "Tea", "size": "SQUARE"}),
            "image/png",
            b"\x89PNG".as_slice(),
        ),
        ("/tools/video-generator", json!({"topic": "Tea"}), "video/mp4", b"\0\0\0"),
        ("/tools/voice-generator", voice(), "audio/mpeg", b"\xff\xfb"),
        ("/simple/audio", speech(), "audio/mpeg", b"\xff\xfb"),
    ] {
        let first = bench.created(path, &body);
        let second = bench.created(path, &body);
        let [first, second] =
            [first, second].map(|data| bench.download(&text(&data["downloadUrl"]), &[]).response);
        assert_eq!(
            (first.status().as_u16(), first.headers()["content-type"].as_bytes()),
            (200, content_type.as_bytes()),
            "{path}"
        );
        assert!(first.body().starts_with(start), "{path}");
        assert_ne!(first.body(), second.body(), "{path}: each call makes a file of its own");
    }
}

#[test]
fn the_answers_have_the_documented_fields() {
    let mut bench = TestBench::new();
    let names = |data: Value| data.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    for (path, body, expected) in [
        ("/tools/text-generator", json!({"topic": "Tea"}), ["script"].as_slice()),
        ("/tools/image-generator", json!({"topic": "Tea"}), &["downloadUrl"]),
        ("/simple/audio", speech(), &["downloadUrl", "fileName", "metaList"]),
        (
            "/avatars/voiceclone",
            json!({"url": "https://a.test/v.mp3", "name": "A", "gender": "MALE"}),
            &["voiceId"],
        ),
    ] {
        assert_eq!(names(bench.created(path, &body)), expected, "{path}");
    }
}

#[test]
fn invalid_fields_of_tools_are_named() {
    let mut bench = TestBench::new();
    for (path, body, message) in [
        ("/tools/text-generator", json!({}), "topic is required"),
        (
            "/tools/video-generator",
            json!({"topic": "Tea", "size": "SQUARE"}),
            "size is not a parameter of this call",
        ),
        ("/tools/image-generator", json!({"topic": "Tea", "style": "photographic"}), "style is invalid"),
        ("/tools/image-generator", json!({"topic": ["Tea"]}), "topic must be a string"),
        ("/tools/voice-generator", speech(), "script is required"),
        ("/simple/audio", json!({"language": "en", "text": "Hello"}), "model is required"),
        (
            "/avatars/dreamavatar",
            json!({"url": "a.png", "name": "A", "gender": "MALE"}),
            "url is not a valid URL",
        ),
    ] {
        assert_eq!(bench.rejected(path, &body), message);
    }
}

#[test]
fn a_generated_file_ceases_to_exist() {
    let mut bench = TestBench::with_scenario("S54", "after_a_minute");
    let url = text(&bench.created("/tools/image-generator", &json!({"topic": "Tea"}))["downloadUrl"]);
    bench.advance_real_time(59.0);
    assert_eq!(bench.download(&url, &[]).response.status(), 200);
    bench.advance_real_time(1.0);
    assert_eq!(bench.download(&url, &[]).response.status(), 404);
}

#[test]
fn an_answer_may_be_slow_or_lack_its_url() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({"tools": {"response_seconds": 25, "url": "absent"}}));
    let reply = bench.call(Method::POST, "/tools/video-generator", &json!({"topic": "Tea"}));
    assert_eq!(reply.send_mode, SendMode::Late(std::time::Duration::from_secs(25)));
    let body: Value = serde_json::from_slice(reply.response.body()).expect("JSON");
    assert_eq!(body["data"], json!({}));
    let project = bench.project(0);
    assert_eq!(
        bench.call(Method::GET, &format!("/editor/progress/{project}"), &Value::Null).send_mode,
        SendMode::Plain
    );
}

#[test]
fn files_can_be_of_other_types() {
    let mut bench = TestBench::new();
    bench.change_settings(&json!({
        "tools": {"image_type": "jpeg", "audio_type": "wav", "url_field": "snake", "meta_list": [{"length": 1}]},
    }));
    let audio = bench.created("/simple/audio", &speech());
    assert_eq!(audio["metaList"], json!([{"length": 1}]));
    assert!(text(&audio["download_url"]).ends_with(&text(&audio["fileName"])));
    let image = bench.created("/tools/image-generator", &json!({"topic": "Tea"}));
    assert_eq!(
        bench.download(&text(&image["download_url"]), &[]).response.headers()["content-type"],
        "image/jpeg"
    );
}
