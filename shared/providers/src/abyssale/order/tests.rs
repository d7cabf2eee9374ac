//! What may be ordered, and how a refusal names every broken rule.

use serde_json::json;

use super::*;

const ID: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

fn order(kind: &str, request: Value) -> Result<Order, Error> {
    read(kind, request.as_object().cloned().expect("an object"))
}

/// The fields that a refusal names.
fn named(kind: &str, request: Value) -> Vec<String> {
    let error = order(kind, request).expect_err("a bad request");
    error.violations.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn every_broken_rule_of_an_export_is_named() {
    let request = json!({ "banner_ids": [ID, ID.to_uppercase(), "x", 5], "color": "red" });
    assert_eq!(named(EXPORT, request), ["banner_ids[1]", "banner_ids[2]", "banner_ids[3]", "color"]);
    let job = model::JobId::generate().to_string();
    assert_eq!(named(EXPORT, json!({ "banner_ids": [ID], "of_job": job })), ["of_job"]);
    assert_eq!(named(EXPORT, json!({ "of_job": "x" })), ["of_job"]);
}

#[test]
fn a_generation_takes_every_field_of_the_contract() {
    let request = json!({
        "design_id": ID, "elements": { "title": { "payload": "Hi" }, "short": "text", "root": {} },
        "template_format_names": ["square", "story"], "image_file_type": "html5", "file_compression_level": 100,
        "html5": { "page_title": "t", "click_tag": "c", "ad_network": "google-ads", "include_backup_image": null, "repeat": -1 },
        "gif": { "max_fps": 9, "repeat": -1 }, "video": { "fps": 30 },
        "print": { "color_profile": ID, "display_crop_marks": true }, "pages": { "page_1": { "title": {} } },
    });
    let order = order(GENERATION, request.clone()).expect("a good request");
    assert_eq!((order.request, order.expected), (request, Some(2)));
}

#[test]
fn what_means_the_same_is_the_same_request() {
    let all = order(GENERATION, json!({ "design_id": ID })).expect("good");
    let empty = order(GENERATION, json!({ "design_id": ID, "template_format_names": [], "elements": null }));
    assert_eq!(all, empty.expect("good"));
    assert_eq!(all.expected, None);
}

#[test]
fn ranges_and_types_are_told_by_field() {
    for (request, field) in [
        (json!({}), "design_id"),
        (json!({ "design_id": "../x" }), "design_id"),
        (json!({ "design_id": ID, "elements": [] }), "elements"),
        (json!({ "design_id": ID, "elements": { "a": 1 } }), "elements.a"),
        (json!({ "design_id": ID, "template_format_names": ["a", "a"] }), "template_format_names[1]"),
        (json!({ "design_id": ID, "image_file_type": "webm" }), "image_file_type"),
        (json!({ "design_id": ID, "file_compression_level": 0 }), "file_compression_level"),
        (json!({ "design_id": ID, "file_compression_level": 101 }), "file_compression_level"),
        (json!({ "design_id": ID, "gif": { "max_fps": 10 } }), "gif.max_fps"),
        (json!({ "design_id": ID, "video": { "fps": 1 } }), "video.fps"),
        (json!({ "design_id": ID, "html5": { "title": "x" } }), "html5.title"),
        (json!({ "design_id": ID, "pages": { "page_0": {} } }), "pages.page_0"),
        (json!({ "design_id": ID, "pages": { "first": {} } }), "pages.first"),
        (json!({ "design_id": ID, "callback_url": "https://x" }), "callback_url"),
        (
            json!({ "design_id": ID, "original_visual_id": ID, "template_format_names": ["a", "b"] }),
            "template_format_names",
        ),
    ] {
        assert_eq!(named(GENERATION, request.clone()), [field], "{request}");
    }
}

#[test]
fn who_names_the_design_type_is_told_what_it_cannot_be_made_into() {
    let with = |of: &str, more: Value| {
        let mut request = json!({ "design_id": ID, "design_type": of });
        request.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        request
    };
    for (of, more) in [
        ("static", json!({ "image_file_type": "avif" })),
        ("animated", json!({ "image_file_type": "html5", "html5": {} })),
        ("printer", json!({ "print": {} })),
        ("printer_multipage", json!({ "image_file_type": "auto", "pages": {} })),
    ] {
        let order = order(GENERATION, with(of, more)).expect("fits");
        assert!(order.request.get("design_type").is_none(), "it is not sent");
    }
    for (of, more, field) in [
        ("static", json!({ "image_file_type": "mp4" }), "image_file_type"),
        ("printer", json!({ "image_file_type": "png" }), "image_file_type"),
        ("static", json!({ "gif": {} }), "gif"),
        ("animated", json!({ "print": {} }), "print"),
        ("static", json!({ "pages": {} }), "pages"),
        ("poster", json!({}), "design_type"),
    ] {
        assert_eq!(named(GENERATION, with(of, more)), [field], "{of}");
    }
}

#[test]
fn the_other_kinds_have_their_own_rules() {
    assert_eq!(named(MULTIPAGE_PDF, json!({ "design_id": ID })), ["pages"]);
    assert_eq!(
        named(MULTIPAGE_PDF, json!({ "design_id": ID, "pages": { "page_1": {} }, "elements": {} })),
        ["elements"]
    );
    assert_eq!(named(IMAGE, json!({ "design_id": ID, "elements": { "a": "text" } })), ["elements.a"]);
    assert_eq!(named(IMAGE, json!({ "design_id": ID, "image_file_type": "gif" })), ["image_file_type"]);
    assert_eq!(
        named(DYNAMIC_IMAGE, json!({ "design_id": ID, "enable_rate_limit": 1 })),
        ["enable_rate_limit"]
    );
    assert_eq!(named("banner", json!({})), ["kind"]);
    let image = order(IMAGE, json!({ "design_id": ID, "template_format_name": "square" })).expect("good");
    assert_eq!(image.expected, Some(1));
}
