//! Which orders are valid, and that an error names every invalid field.

use serde_json::json;

use super::*;

const ID: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

fn order(kind: &str, request: Value) -> Result<Order, Error> {
    read_order(kind, request.as_object().cloned().expect("an object"))
}

/// The fields that the error names.
fn invalid_fields(kind: &str, request: Value) -> Vec<String> {
    let error = order(kind, request).expect_err("an invalid request");
    error.violations.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn every_invalid_field_of_an_export_is_named() {
    let request = json!({ "banner_ids": [ID, ID.to_uppercase(), "x", 5], "color": "red" });
    assert_eq!(invalid_fields(EXPORT, request), ["banner_ids[1]", "banner_ids[2]", "banner_ids[3]", "color"]);
    let job = model::JobId::generate().to_string();
    assert_eq!(invalid_fields(EXPORT, json!({ "banner_ids": [ID], "of_job": job })), ["of_job"]);
    assert_eq!(invalid_fields(EXPORT, json!({ "of_job": "x" })), ["of_job"]);
}

#[test]
fn a_generation_accepts_every_field_of_the_contract() {
    let request = json!({
        "design_id": ID, "elements": { "title": { "payload": "Hi" }, "short": "text", "root": {} },
        "template_format_names": ["square", "story"], "image_file_type": "html5", "file_compression_level": 100,
        "html5": { "page_title": "t", "click_tag": "c", "ad_network": "google-ads", "include_backup_image": null, "repeat": -1 },
        "gif": { "max_fps": 9, "repeat": -1 }, "video": { "fps": 30 },
        "print": { "color_profile": ID, "display_crop_marks": true }, "pages": { "page_1": { "title": {} } },
    });
    let order = order(GENERATION, request.clone()).expect("a valid request");
    assert_eq!((order.request, order.expected_files), (request, Some(2)));
}

#[test]
fn equivalent_requests_have_the_same_canonical_form() {
    let all = order(GENERATION, json!({ "design_id": ID })).expect("good");
    let empty = order(GENERATION, json!({ "design_id": ID, "template_format_names": [], "elements": null }));
    assert_eq!(all, empty.expect("good"));
    assert_eq!(all.expected_files, None);
}

#[test]
fn violations_of_ranges_and_types_name_the_field() {
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
        (json!({ "design_id": ID, "gif": { "fps": 10 } }), "gif.fps"),
        (json!({ "design_id": ID, "gif": { "fps": 9, "max_fps": 9 } }), "gif.fps"),
        (json!({ "design_id": ID, "html6": { "page_title": "x" } }), "html6"),
        (json!({ "design_id": ID, "pages": { "page_0": {} } }), "pages.page_0"),
        (json!({ "design_id": ID, "pages": { "first": {} } }), "pages.first"),
        (json!({ "design_id": ID, "callback_url": "https://x" }), "callback_url"),
        (
            json!({ "design_id": ID, "original_visual_id": ID, "template_format_names": ["a", "b"] }),
            "template_format_names",
        ),
    ] {
        assert_eq!(invalid_fields(GENERATION, request.clone()), [field], "{request}");
    }
}

#[test]
fn unknown_options_are_kept_with_a_warning_each_and_known_ones_are_not_warned_of() {
    let request = json!({
        "design_id": ID, "html5": { "page_title": "t", "title": "x" }, "gif": { "max_fps": 9, "loop": { "n": 1.0 } },
        "video": { "bitrate": null }, "print": { "bleed": [3] },
    });
    let order = order(GENERATION, request.clone()).expect("a valid request");
    let mut canonical = request;
    canonical["gif"]["loop"]["n"] = json!(1);
    assert_eq!(order.request, canonical);
    let warnings = unknown_options(&order.request);
    let fields: Vec<&str> = warnings.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(fields, ["html5.title", "gif.loop", "video.bitrate", "print.bleed"]);
    assert!(warnings[1].message.contains("known: max_fps, repeat"), "{}", warnings[1].message);
}

#[test]
fn the_number_of_warnings_is_limited() {
    let options: Map<String, Value> = (0..50).map(|n| (format!("new_{n}"), json!(n))).collect();
    let order = order(GENERATION, json!({ "design_id": ID, "html5": options })).expect("a valid request");
    let warnings = unknown_options(&order.request);
    assert_eq!((warnings.len(), warnings[19].message.as_str()), (20, "and 31 more unknown options"));
}

#[test]
fn fps_of_a_gif_is_max_fps() {
    let order = |gif: Value| order(GENERATION, json!({ "design_id": ID, "gif": gif })).expect("good");
    let canonical = order(json!({ "max_fps": 5 }));
    assert_eq!(order(json!({ "fps": 5.0 })), canonical);
    assert_eq!(unknown_options(&canonical.request), []);
}

#[test]
fn options_are_checked_against_a_stated_design_type() {
    let with = |design_type: &str, more: Value| {
        let mut request = json!({ "design_id": ID, "design_type": design_type });
        request.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        request
    };
    for (design_type, more) in [
        ("static", json!({ "image_file_type": "avif" })),
        ("animated", json!({ "image_file_type": "html5", "html5": {} })),
        ("printer", json!({ "print": {} })),
        ("printer_multipage", json!({ "image_file_type": "auto", "pages": {} })),
    ] {
        let order = order(GENERATION, with(design_type, more)).expect("a valid request");
        assert!(order.request.get("design_type").is_none(), "it is not sent");
    }
    for (design_type, more, field) in [
        ("static", json!({ "image_file_type": "mp4" }), "image_file_type"),
        ("printer", json!({ "image_file_type": "png" }), "image_file_type"),
        ("static", json!({ "gif": {} }), "gif"),
        ("animated", json!({ "print": {} }), "print"),
        ("static", json!({ "pages": {} }), "pages"),
        ("poster", json!({}), "design_type"),
    ] {
        assert_eq!(invalid_fields(GENERATION, with(design_type, more)), [field], "{design_type}");
    }
}

#[test]
fn every_other_kind_has_its_own_rules() {
    assert_eq!(invalid_fields(MULTIPAGE_PDF, json!({ "design_id": ID })), ["pages"]);
    assert_eq!(
        invalid_fields(MULTIPAGE_PDF, json!({ "design_id": ID, "pages": { "page_1": {} }, "elements": {} })),
        ["elements"]
    );
    assert_eq!(
        invalid_fields(IMAGE, json!({ "design_id": ID, "elements": { "a": "text" } })),
        ["elements.a"]
    );
    assert_eq!(
        invalid_fields(IMAGE, json!({ "design_id": ID, "image_file_type": "gif" })),
        ["image_file_type"]
    );
    assert_eq!(
        invalid_fields(DYNAMIC_IMAGE, json!({ "design_id": ID, "enable_rate_limit": 1 })),
        ["enable_rate_limit"]
    );
    assert_eq!(invalid_fields("banner", json!({})), ["kind"]);
    let image = order(IMAGE, json!({ "design_id": ID, "template_format_name": "square" })).expect("good");
    assert_eq!(image.expected_files, Some(1));
}
