//! Invalid requests are rejected with the caller's field names, by Landfall where it can validate them, else by the
//! provider.

use http::Method;
use serde_json::{Value, json};

use crate::{
    request_validation::assert_untouched,
    world::{World, assert_problem, error_fields},
};

/// Invalid requests, each with the fields that the problem names.
fn invalid_requests(world: &World) -> Vec<(Value, Vec<&'static str>)> {
    let generation =
        |more: Value, fields: &[&'static str]| (world.generation_request("static", more), fields.to_vec());
    let multipage = |more: Value, fields: &[&'static str]| {
        (world.design_request("multipage_pdf", "printer_multipage", more), fields.to_vec())
    };
    let image = |more: Value, fields: &[&'static str]| {
        (world.design_request("image", "static", more), fields.to_vec())
    };
    let dynamic = |more: Value, fields: &[&'static str]| {
        (world.design_request("dynamic_image", "static", more), fields.to_vec())
    };
    vec![
        generation(json!({ "design_id": null }), &["design_id"]),
        generation(json!({ "design_id": "../auth" }), &["design_id"]),
        generation(json!({ "design_id": "d".repeat(65) }), &["design_id"]),
        generation(json!({ "elements": [] }), &["elements"]),
        generation(json!({ "elements": { "headline": 7 } }), &["elements.headline"]),
        generation(json!({ "template_format_names": "square" }), &["template_format_names"]),
        generation(
            json!({ "template_format_names": ["a", "", 7, "a"] }),
            &["template_format_names[1]", "template_format_names[2]", "template_format_names[3]"],
        ),
        generation(json!({ "template_format_name": "square" }), &["template_format_name"]),
        generation(json!({ "image_file_type": "webm" }), &["image_file_type"]),
        generation(json!({ "file_compression_level": 0 }), &["file_compression_level"]),
        generation(json!({ "file_compression_level": 50.5 }), &["file_compression_level"]),
        generation(json!({ "html5": { "repeat": "for ever", "colour": 1 } }), &["html5.repeat"]),
        generation(json!({ "gif": { "fps": 9, "max_fps": 9 } }), &["gif.fps"]),
        generation(json!({ "gif": { "fps": 1 } }), &["gif.fps"]),
        generation(json!({ "htmI5": { "page_title": "Spring" } }), &["htmI5"]),
        generation(json!({ "gif": { "max_fps": 10 } }), &["gif.max_fps"]),
        generation(json!({ "video": { "fps": 1 } }), &["video.fps"]),
        generation(json!({ "print": { "color_profile": "a/b" } }), &["print.color_profile"]),
        generation(json!({ "pages": { "page_0": {}, "cover": {} } }), &["pages.page_0", "pages.cover"]),
        generation(
            json!({ "original_visual_id": "b", "template_format_names": ["a", "b"] }),
            &["template_format_names"],
        ),
        generation(
            json!({ "design_type": "static", "image_file_type": "mp4", "print": {}, "pages": {} }),
            &["image_file_type", "print", "pages"],
        ),
        generation(json!({ "design_type": "round" }), &["design_type"]),
        generation(json!({ "callback_url": "https://example.com" }), &["callback_url"]),
        generation(json!({ "banner_ids": [] }), &["banner_ids"]),
        multipage(json!({}), &["pages"]),
        multipage(json!({ "pages": {} }), &["pages"]),
        multipage(json!({ "pages": { "page_1": 7 } }), &["pages.page_1"]),
        multipage(json!({ "pages": { "page_1": {} }, "elements": {} }), &["elements"]),
        image(json!({ "elements": { "headline": "A bare text" } }), &["elements.headline"]),
        image(json!({ "template_format_name": "" }), &["template_format_name"]),
        image(json!({ "template_format_names": ["square"] }), &["template_format_names"]),
        image(json!({ "image_file_type": "mp4" }), &["image_file_type"]),
        image(json!({ "file_compression_level": 101 }), &["file_compression_level"]),
        dynamic(json!({ "enable_rate_limit": "yes" }), &["enable_rate_limit"]),
        dynamic(json!({ "design_id": 7, "elements": {} }), &["design_id", "elements"]),
        (world.design_request("banner", "static", json!({})), vec!["kind"]),
    ]
}

/// Sorts field names, since their order is not specified.
fn sorted(mut fields: Vec<&str>) -> Vec<&str> {
    fields.sort_unstable();
    fields
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_its_fields_before_the_provider_is_called() {
    let world = World::start().await;
    for (request, fields) in invalid_requests(&world) {
        let response = world.post(&request, &[]).await;
        assert_eq!(
            sorted(error_fields(assert_problem(&response, 400, "invalid-request"))),
            sorted(fields.clone()),
            "{request}"
        );
        let mut event = request.clone();
        event["command"] = json!("submit");
        let failure = world.invoke(event).await.expect_err("a failure");
        assert_eq!(failure.error_type, "Permanent.InvalidRequest", "{request}");
        assert!(fields.iter().all(|field| failure.error_message.contains(field)), "{request}: {failure}");
    }
    assert_untouched(&world, "requests of every kind").await;
}

#[tokio::test]
async fn every_error_format_is_reported_with_the_callers_field_names() {
    let world = World::start().await;
    let bad = json!({ "headline": { "font_size": "big" }, "ids": {}, "root": { "background_color": "red" } });
    let (pages, elements) = (json!({ "pages": { "page_1": bad } }), json!({ "elements": bad }));
    let requests = [
        (world.generation_request("static", elements.clone()), "elements"),
        (world.design_request("image", "static", elements), "elements"),
        (world.design_request("multipage_pdf", "printer_multipage", pages), "pages.page_1"),
    ];
    for generation in ["e3", "e2", "e1", "e0"] {
        world.admin(Method::PUT, "/knobs", json!({ "error_generation": generation }));
        for (request, path) in &requests {
            let response = world.post(request, &[]).await;
            let rejection = assert_problem(&response, 422, "provider-refused-request");
            let fields = [format!("{path}.headline.font_size"), format!("{path}.root.background_color")];
            let expected: &[String] = if generation == "e0" { &[] } else { &fields };
            assert_eq!(error_fields(rejection), expected, "{generation}: {rejection}");
            assert_eq!(rejection["provider"]["status"], 400, "{generation}");
            assert_eq!(world.job(rejection["job_id"].as_str().expect("an id")).await["status"], "failed");
        }
    }
}

#[tokio::test]
async fn missing_designs_formats_and_banners_are_named() {
    let world = World::start().await;
    let nobody = json!({ "design_id": "67e55044-10b1-426f-9247-bb680e5fe0c8" });
    let original = json!({ "original_visual_id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "template_format_names": ["square"] });
    for (request, id, expected) in [
        (world.generation_request("static", nobody.clone()), "template_not_found", "no such design"),
        (world.design_request("image", "static", nobody), "template_not_found", "no such design"),
        (
            world.generation_request("static", json!({ "template_format_names": ["round"] })),
            "format_not_found",
            "no such format",
        ),
        (
            world.design_request("image", "static", json!({ "template_format_name": "round" })),
            "format_not_found",
            "no such format",
        ),
        (world.generation_request("static", original), "visual_not_found", "no such banner"),
        (
            world.generation_request("static", json!({ "image_file_type": "mp4" })),
            "invalid_filetype",
            "static designs make no mp4",
        ),
        (
            world.design_request("multipage_pdf", "static", json!({ "pages": { "page_1": {} } })),
            "invalid_design_type",
            "multipage",
        ),
        (world.design_request("image", "animated", json!({})), "template_not_static", "static"),
        (
            world.design_request(
                "image",
                "static",
                json!({ "elements": { "headline": { "payload": "x".repeat(500) } } }),
            ),
            "cannot_build_banner",
            "headline",
        ),
    ] {
        let response = world.post(&request, &[]).await;
        let rejection = assert_problem(&response, 422, "provider-refused-request");
        assert_eq!(rejection["provider"]["id"], id, "{request}");
        assert!(
            rejection["detail"].as_str().is_some_and(|detail| detail.contains(expected)),
            "{expected}: {rejection}"
        );
    }
    assert_eq!((world.object_keys().await, &world.generations()["accepted_posts"]), (vec![], &json!(0)));
}
