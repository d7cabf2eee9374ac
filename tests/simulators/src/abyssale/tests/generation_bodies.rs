//! Bodies of the generation calls: the status, id and path of each error.

use http::Method;
use serde_json::{Value, json};

use super::TestBench;

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn multi(design: &str) -> String {
    format!("/async/banner-builder/{design}/generate")
}

#[test]
fn generation_bodies_are_validated() {
    let table = [
        (json!({"template_format_names": ["story", "moon"]}), 404, "format_not_found", None),
        (json!({"template_format_names": "story"}), 400, "wrong_type", Some("template_format_names")),
        (json!({"template_format_names": [7]}), 400, "wrong_type", Some("template_format_names[0]")),
        (json!({"image_file_type": "webm"}), 400, "unknown_enum_value", Some("image_file_type")),
        (json!({"image_file_type": "mp4"}), 400, "invalid_filetype", None),
        (json!({"file_compression_level": 0}), 400, "out_of_range", Some("file_compression_level")),
        (json!({"file_compression_level": 101}), 400, "out_of_range", Some("file_compression_level")),
        (json!({"file_compression_level": "9"}), 400, "wrong_type", Some("file_compression_level")),
        (json!({"gif": {"max_fps": 10}}), 400, "out_of_range", Some("gif.max_fps")),
        (json!({"gif": {"max_fps": 1}}), 400, "out_of_range", Some("gif.max_fps")),
        (json!({"video": {"fps": 31}}), 400, "out_of_range", Some("video.fps")),
        (json!({"html5": {"repeat": "often"}}), 400, "wrong_type", Some("html5.repeat")),
        (json!({"print": {"color_profile": "cmyk"}}), 400, "invalid_payload", Some("print.color_profile")),
        (json!({"callback_url": "here"}), 400, "invalid_payload", Some("callback_url")),
        (json!({"original_visual_id": "x"}), 400, "invalid_payload", Some("original_visual_id")),
        (json!({"elements": ["headline"]}), 400, "wrong_type", Some("elements")),
        (json!({"elements": {"headline": 7}}), 400, "wrong_type", Some("elements.headline")),
        (
            json!({"elements": {"headline": {"font_size": 0}}}),
            400,
            "out_of_range",
            Some("elements.headline.font_size"),
        ),
        (
            json!({"elements": {"root": {"background_color": "red"}}}),
            400,
            "invalid_payload",
            Some("elements.root.background_color"),
        ),
    ];
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"gateway_per_second": 0}));
    let path = multi(&bench.design("static", 0));
    for (body, status, id, problem) in table {
        let (got, response) = bench.api(Method::POST, &path, &body);
        assert_eq!((got, &response["id"]), (status, &json!(id)), "{body}: {response}");
        assert_eq!(response["errors"][0]["path"].as_str(), problem, "{body}: {response}");
    }
    assert_eq!(bench.admin(Method::GET, "/generations", &Value::Null)["accepted_posts"], 0);
}

#[test]
fn unknown_layers_and_fields_are_ignored() {
    let mut bench = TestBench::new();
    let design = bench.design("static", 0);
    for body in [
        json!({"elements": {"nowhere": {"font_size": 0, "hidden": "maybe"}, "headline": {"mood": 7}}}),
        json!({"elements": {"headline": "a bare string", "vars": {"hidden": "no flag"}}}),
        json!({"image_file_type": "auto", "template_format_names": []}),
        json!({"pages": {"page_1": {"headline": {"font_size": 0}}}}),
        json!({"html5": {"repeat": null, "include_backup_image": null}, "something": "else"}),
    ] {
        bench.generate(&design, &body);
    }
}

#[test]
fn field_errors_name_the_expected_value() {
    let mut bench = TestBench::new();
    let path = multi(&bench.design("animated", 0));
    let (_, response) = bench.api(Method::POST, &path, &json!({"gif": {"max_fps": 10}}));
    assert_eq!(
        response["errors"],
        json!([{
            "path": "gif.max_fps",
            "code": "out_of_range",
            "message": "Must be from 2 to 9.",
            "expected": {"min": 2, "max": 9},
            "received": 10,
        }])
    );
    assert_eq!(response["message"], "gif.max_fps: Must be from 2 to 9.");
    let two = json!({"gif": {"max_fps": 10}, "callback_url": 7});
    assert_eq!(bench.api(Method::POST, &path, &two).1["id"], "invalid_payload", "the codes differ");
    bench.admin(Method::PUT, "/knobs", &json!({"error_generation": "e1"}));
    let (_, old) = bench.api(Method::POST, &path, &json!({"gif": {"max_fps": 10}}));
    assert_eq!(old["errors"]["media"]["gif"]["max_fps"], json!(["Must be from 2 to 9."]));
}

#[test]
fn each_design_type_supports_its_file_types() {
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"gateway_per_second": 0}));
    for (kind, types) in [
        ("static", vec!["jpeg", "png", "webp", "avif", "pdf"]),
        ("animated", vec!["mp4", "gif", "html5"]),
        ("printer", vec!["pdf"]),
        ("printer_multipage", vec!["pdf"]),
    ] {
        let path = multi(&bench.design(kind, 0));
        for requested in ["png", "jpeg", "webp", "avif", "gif", "pdf", "html5", "mp4"] {
            let (status, response) = bench.api(Method::POST, &path, &json!({"image_file_type": requested}));
            let expected =
                if types.contains(&requested) { (200, None) } else { (400, Some("invalid_filetype")) };
            assert_eq!((status, response["id"].as_str()), expected, "{requested} of {kind}");
        }
    }
}

#[test]
fn a_multipage_document_has_pages_and_no_formats() {
    let mut bench = TestBench::new();
    let [brochure, flyer] = ["printer_multipage", "printer"].map(|kind| bench.design(kind, 0));
    let pdf = |design: &str| format!("/async/banner-builder/{design}/generate-multipage-pdf");
    let page = json!({"page_1": {"headline": {"payload": "Hello"}}});
    for (path, body, status, id) in [
        (pdf(&brochure), json!({"pages": page}), 200, None),
        (multi(&brochure), json!({"pages": page}), 200, None),
        (pdf(&brochure), json!({}), 400, Some("missing_required")),
        (
            pdf(&brochure),
            json!({"pages": {"page_1": {"headline": {"font_size": 0}}}}),
            400,
            Some("out_of_range"),
        ),
        (pdf(&flyer), json!({"pages": page}), 400, Some("invalid_design_type")),
        (pdf(UNKNOWN), json!({"pages": page}), 404, Some("template_not_found")),
        (multi(&brochure), json!({"template_format_names": ["page_1"]}), 404, Some("format_not_found")),
    ] {
        let (got, response) = bench.api(Method::POST, &path, &body);
        assert_eq!((got, response["id"].as_str()), (status, id), "{path} {body}: {response}");
    }
    let request = bench.generate(&brochure, &json!({}));
    bench.advance_real_time(3.0);
    let (_, done) = bench.api(Method::GET, &format!("/generation-request/{request}"), &Value::Null);
    assert_eq!(done["banners"][0]["format"], json!({"unit": "mm", "width": 210, "height": 297}));
    assert_eq!(done["banners"].as_array().map(Vec::len), Some(1));
}

#[test]
fn generations_are_limited_by_plan_and_credits() {
    let mut bench = TestBench::new();
    let design = bench.design("animated", 0);
    bench.admin(Method::PUT, "/knobs", &json!({"plan_excludes": ["animated"]}));
    let (status, rejected) = bench.api(Method::POST, &multi(&design), &json!({}));
    assert_eq!((status, &rejected["id"]), (429, &json!("feature_not_in_plan")));
    bench.admin(Method::PUT, "/knobs", &json!({"plan_excludes": [], "credits": 4}));
    bench.generate(&design, &json!({}));
    let (_, credits) = bench.api(Method::GET, "/credits", &Value::Null);
    assert_eq!(credits["generation_credits"], json!({"available": 1, "limit": 4, "consumed": 3, "extra": 0}));
    let reply = bench.call(crate::simulator::Endpoint::Api, Method::POST, &multi(&design), &json!({}));
    assert_eq!(super::read(&reply.response).1["id"], "rate_limit_exceeded");
    assert!(!reply.response.headers().contains_key("retry-after"), "the 429 has no Retry-After");
}

#[test]
fn extra_credits_are_spent_after_those_of_the_period() {
    let mut bench = TestBench::new();
    let design = bench.design("animated", 0);
    bench.admin(Method::PUT, "/knobs", &json!({"credits": 2, "extra_credits": 2, "ai_credits": null}));
    bench.generate(&design, &json!({}));
    let (_, credits) = bench.api(Method::GET, "/credits", &Value::Null);
    assert_eq!(credits["generation_credits"], json!({"available": 0, "limit": 2, "consumed": 3, "extra": 1}));
    assert_eq!(credits["ai_credits"]["available"], Value::Null);
    assert_eq!(bench.api(Method::POST, &multi(&design), &json!({})).0, 429);
}

#[test]
fn options_that_the_contract_does_not_list_are_ignored_or_refused() {
    let mut bench = TestBench::new();
    let design = bench.design("animated", 0);
    let body = json!({"gif": {"max_fps": 3, "loop": 1}});
    bench.generate(&design, &body);
    bench.admin(Method::PUT, "/knobs", &json!({"unknown_options": "refuse"}));
    let (status, refused) = bench.api(Method::POST, &multi(&design), &body);
    assert_eq!((status, &refused["errors"][0]["path"]), (400, &json!("gif.loop")));
}

#[test]
fn generations_count_only_against_the_gateway_limit() {
    let mut bench = TestBench::new();
    bench.admin(Method::PUT, "/knobs", &json!({"tiers": {"read": [{"requests": 1, "seconds": 60}]}}));
    let design = bench.design("static", 1);
    for _ in 0..10 {
        bench.generate(&design, &json!({}));
    }
    assert_eq!(bench.api(Method::POST, &multi(&design), &json!({})).0, 429);
    bench.advance_real_time(1.0);
    assert_eq!(bench.admin(Method::GET, "/requests/peak", &Value::Null)["requests"], 11);
    bench.generate(&design, &json!({}));
    assert_eq!(bench.api(Method::GET, "/credits", &Value::Null).0, 200);
    assert_eq!(bench.api(Method::GET, "/fonts", &Value::Null).1["id"], "request_rate_limited");
}
