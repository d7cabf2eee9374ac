//! Regenerated banners, synchronous renders, and exports of generated banners.

use http::Method;
use serde_json::{Value, json};

use crate::simulator::Simulator;

use super::TestBench;

/// Regenerates one format and returns the final banner.
fn regenerate(bench: &mut TestBench, design: &str, original: &Value) -> Value {
    let body = json!({"template_format_names": ["story"], "original_visual_id": original});
    let request = bench.generate(design, &body);
    bench.advance_real_time(3.0);
    let (_, done) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
    done["banners"][0].clone()
}

/// Generates and returns a final banner in the format `story`.
fn story(bench: &mut TestBench, design: &str) -> Value {
    let request = bench.generate(design, &json!({"template_format_names": ["story"]}));
    bench.advance_real_time(3.0);
    let (_, done) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
    done["banners"][0].clone()
}

#[test]
fn a_regenerated_banner_keeps_its_sharing_id() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    let first = story(&mut bench, &design);
    let second = regenerate(&mut bench, &design, &first["id"]);
    assert_eq!((&second["id"], &second["sharing_id"]), (&first["id"], &first["sharing_id"]));
    assert_eq!((&first["version"], &second["version"]), (&json!(1), &json!(2)));
    assert_ne!(first["file"]["url"], second["file"]["url"]);
    let path = format!("/banners/{}", first["id"].as_str().unwrap_or_default());
    assert_eq!(bench.api(Method::GET, &path, &Value::Null).1, second);
    bench.admin(Method::PUT, "/knobs", &json!({"regenerated_id": "new"}));
    let third = regenerate(&mut bench, &design, &first["id"]);
    assert_ne!(third["id"], first["id"]);
    assert_eq!((&third["sharing_id"], &third["version"]), (&first["sharing_id"], &json!(3)));
}

#[test]
fn only_a_banner_of_the_same_design_and_format_is_regenerated() {
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"gateway_per_second": 0}));
    let [spring, summer] = [0, 1].map(|number| bench.design("static", number));
    let original = story(&mut bench, &spring)["id"].clone();
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (design, body, status, id) in [
        (&spring, json!({"original_visual_id": original}), 400, "more_than_one_format"),
        (
            &spring,
            json!({"original_visual_id": unknown, "template_format_names": ["story"]}),
            404,
            "visual_not_found",
        ),
        (
            &summer,
            json!({"original_visual_id": original, "template_format_names": ["sticker"]}),
            404,
            "not_related_to_same_template",
        ),
        (
            &spring,
            json!({"original_visual_id": original, "template_format_names": ["square"]}),
            404,
            "not_related_to_same_format",
        ),
    ] {
        let path = format!("/async/banner-builder/{design}/generate");
        let (got, response) = bench.api(Method::POST, &path, &body);
        assert_eq!((got, &response["id"]), (status, &json!(id)), "{body}");
    }
}

#[test]
fn a_generated_banner_is_available_once_it_is_final() {
    let mut bench = TestBench::new();
    let design = bench.design("animated", 0);
    bench.admin(Method::PUT, "/knobs", &json!({"early_banners": true}));
    let request = bench.generate(&design, &json!({"image_file_type": "gif"}));
    bench.advance_real_time(1.0);
    let (_, early) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
    let id = early["banners"][0]["id"].as_str().unwrap_or_default().to_owned();
    let export =
        |bench: &mut TestBench| bench.api(Method::POST, "/async/banners/export", &json!({"ids": [id]})).0;
    assert_eq!(bench.api(Method::GET, &format!("/banners/{id}"), &Value::Null).0, 404);
    assert_eq!(export(&mut bench), 404);
    bench.advance_real_time(2.0);
    assert_eq!(bench.api(Method::GET, &format!("/banners/{id}"), &Value::Null).1["file"]["type"], "gif");
    assert_eq!(export(&mut bench), 200, "a banner of any type can be exported");
}

#[test]
fn a_synchronous_render_returns_the_banner_and_sends_no_event() {
    let mut bench = TestBench::new();
    let all = json!({"hook_url": "http://receiver.test/all", "type": "new_banner"});
    bench.api(Method::POST, "/subscribe", &all);
    let path = format!("/banner-builder/{}/generate", bench.design("static", 0));
    let (status, banner) = bench.api(Method::POST, &path, &json!({"template_format_name": "landscape"}));
    assert_eq!(
        (status, &banner["version"]),
        (200, &json!(1)),
        "the version is the banner's counter, not the API stamp"
    );
    assert_eq!((&banner["format"]["id"], &banner["file"]["type"]), (&json!("landscape"), &json!("jpeg")));
    let (_, first) = bench.api(Method::POST, &path, &json!({}));
    assert_eq!((&first["format"]["id"], &first["file"]["type"]), (&json!("square"), &json!("png")));
    assert_eq!(bench.simulator.next_due(), None);
    let counted = bench.admin(Method::GET, "/generations", &Value::Null);
    assert_eq!((&counted["synchronous_renders"], &counted["accepted_posts"]), (&json!(2), &json!(0)));
}

#[test]
fn invalid_synchronous_renders_are_rejected() {
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"gateway_per_second": 0}));
    let path = format!("/banner-builder/{}/generate", bench.design("static", 0));
    let long = "x".repeat(500);
    for (body, status, id) in [
        (json!({"elements": {"headline": "bare"}}), 400, "invalid_payload"),
        (json!({"elements": {"product": {"text_to_image": true}}}), 400, "invalid_payload"),
        (json!({"elements": {"headline": {"payload": long}}}), 400, "cannot_build_banner"),
        (json!({"template_format_name": "moon"}), 404, "format_not_found"),
        (json!({"image_file_type": "gif"}), 400, "unknown_enum_value"),
    ] {
        let (got, response) = bench.api(Method::POST, &path, &body);
        assert_eq!((got, &response["id"]), (status, &json!(id)), "{body}: {response}");
    }
    for kind in ["animated", "printer", "printer_multipage"] {
        let path = format!("/banner-builder/{}/generate", bench.design(kind, 0));
        assert_eq!(bench.api(Method::POST, &path, &json!({})).1["id"], "template_not_static");
    }
    bench.fault(json!({"on": "call", "kind": "render_timeout", "seconds": 0.5}));
    let reply = bench.call(crate::simulator::Endpoint::Api, Method::POST, &path, &json!({}));
    assert_eq!(reply.send_mode, crate::simulator::SendMode::Late(std::time::Duration::from_millis(500)));
    assert_eq!(super::read(&reply.response).1["id"], "internal_server_error");
}
