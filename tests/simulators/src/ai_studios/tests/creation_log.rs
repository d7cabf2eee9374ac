//! Accepted calls that make something are counted and charged.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::SendMode;

use super::TestBench;

fn creations(bench: &mut TestBench) -> Value {
    bench.admin(Method::GET, "/creations", &Value::Null)
}

#[test]
fn each_accepted_call_is_counted_with_its_price() {
    let mut bench = TestBench::new();
    bench.created("/simple/custom", &json!({"language": "en", "text": "Hello", "model": "m"}));
    bench.created("/automation/topic_to_video", &json!({"topic": "Tea"}));
    bench.created("/tools/image-generator", &json!({"topic": "Tea"}));
    bench.rejected("/tools/image-generator", &json!({}));
    let fields =
        [("file", Some("talk.mp4"), "xyz"), ("target_0", None, "en-US"), ("target_1", None, "fr-FR")];
    bench.post_form("/automation/translatevideos", &fields);
    let log = creations(&mut bench);
    assert_eq!((&log["accepted_posts"], &log["credits"]), (&json!(4), &json!(2 + 1 + 6)));
    assert_eq!(log["by_path"]["/tools/image-generator"], 1);
    let form = &log["creations"][3]["form"];
    assert_eq!(form[0], json!({"name": "file", "file": "talk.mp4", "bytes": 3}));
    assert_eq!(form[2], json!({"name": "target_1", "text": "fr-FR"}));
    let exports = bench.admin(Method::GET, "/exports", &Value::Null);
    assert_eq!(
        (&exports["accepted_posts"], &exports["credits"]),
        (&json!(1), &json!(9)),
        "of the whole account"
    );
}

#[test]
fn a_call_without_credit_makes_nothing() {
    let mut bench = TestBench::with_scenario("S38", "quota");
    for (path, body) in [
        ("/editor/project", json!({"scenes": [{}]})),
        ("/simple/custom", json!({"language": "en", "text": "Hello", "model": "m"})),
        ("/tools/video-generator", json!({"topic": "Tea"})),
        ("/automation/url_to_video", json!({"url": "https://example.net"})),
    ] {
        let (status, response) = bench.api(Method::POST, path, &body);
        assert_eq!((status, &response["error"]["code"]), (402, &json!(4020)), "{path}");
    }
    assert_eq!(creations(&mut bench)["accepted_posts"], 0);
    let projects = bench.admin(Method::GET, "/projects", &Value::Null);
    assert_eq!(projects.as_array().map(Vec::len), Some(8), "only the seeded ones");
}

#[test]
fn a_call_of_any_kind_may_be_accepted_without_a_clear_answer() {
    for (scenario, manner, accepted) in
        [("S36", SendMode::Lost, 1), ("S37", SendMode::Plain, 0), ("S40", SendMode::Plain, 1)]
    {
        for (variant, path, body) in [
            ("create", "/editor/project", json!({"scenes": [{}]})),
            ("custom", "/simple/custom", json!({"language": "en", "text": "Hello", "model": "m"})),
            ("topic", "/automation/topic_to_video", json!({"topic": "Tea"})),
            ("image", "/tools/image-generator", json!({"topic": "Tea"})),
        ] {
            let mut bench = TestBench::with_scenario(scenario, variant);
            let reply = bench.call(Method::POST, path, &body);
            let log = creations(&mut bench);
            assert_eq!(
                (reply.send_mode, &log["accepted_posts"]),
                (manner, &json!(accepted)),
                "{scenario} {variant}"
            );
            bench.created(path, &body);
        }
    }
}
