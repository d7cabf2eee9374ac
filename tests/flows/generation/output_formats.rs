//! Every output of every design type lands with the right content type (contract of Abyssale 3.1 and 5.3).

use http::Method;
use serde_json::{Value, json};

use super::names;
use crate::world::World;

/// An output: the design type, the options of the request, and the expected file.
struct Output {
    design: &'static str,
    options: Value,
    extension: &'static str,
    content_type: &'static str,
    /// Whether the files tell their size in pixels. The simulator draws them in the size of their format.
    has_pixel_size: bool,
}

fn output(
    design: &'static str,
    options: &str,
    extension: &'static str,
    content_type: &'static str,
    has_pixel_size: bool,
) -> Output {
    let options = if options.is_empty() { json!({}) } else { json!({ "image_file_type": options }) };
    Output { design, options, extension, content_type, has_pixel_size }
}

fn outputs() -> Vec<Output> {
    vec![
        output("static", "jpeg", "jpg", "image/jpeg", true),
        output("static", "png", "png", "image/png", true),
        output("static", "webp", "webp", "image/webp", true),
        output("static", "avif", "avif", "image/avif", false),
        output("static", "pdf", "pdf", "application/pdf", false),
        output("animated", "mp4", "mp4", "video/mp4", false),
        output("animated", "gif", "gif", "image/gif", true),
        output("animated", "auto", "mp4", "video/mp4", false),
        output("printer", "pdf", "pdf", "application/pdf", false),
        output("printer", "", "pdf", "application/pdf", false),
    ]
}

/// Checks that a job has every format of its design, and that the manifest describes each file.
async fn assert_complete(world: &World, job: &Value, output: &Output) {
    let design = world.design(output.design);
    let formats = design["formats"].as_array().expect("formats");
    let manifest = world.read_manifest(job).await;
    let files = manifest["files"].as_array().expect("files");
    let what = format!("{} {}", output.design, output.options);
    assert_eq!((files.len(), &job["files_total"]), (formats.len(), &json!(formats.len())), "{what}");
    let generation = world.generations()["generations"].as_array().cloned().expect("a list");
    let generation = generation
        .into_iter()
        .find(|generation| generation["generation_request_id"] == job["provider_job_id"])
        .expect("ours");
    for file in files {
        let details = &file["details"];
        let ends = format!("-{}.{}", details["format"].as_str().expect("a format"), output.extension);
        assert!(file["name"].as_str().is_some_and(|name| name.ends_with(&ends)), "{what}: {file}");
        assert_eq!(file["content_type"], output.content_type, "{what}");
        assert!(formats.contains(&details["format"]), "{what}: {file}");
        assert!(
            generation["banner_ids"].as_array().is_some_and(|ids| ids.contains(&details["banner_id"])),
            "{what}"
        );
        assert_eq!(
            (&details["design_id"], &details["design_name"]),
            (&design["id"], &design["name"]),
            "{what}"
        );
        if output.has_pixel_size {
            assert_eq!(file["width"], details["format_width"], "{what}");
            assert_eq!(file["height"], details["format_height"], "{what}");
        }
    }
    world.assert_files_match_manifest(&manifest).await;
    let all = json!({ "expected": formats.len(), "landed": formats.len(), "missing": 0 });
    assert_eq!(manifest["completeness"], all, "{what}");
    assert_eq!((&manifest["archive"], &job["archive"]), (&Value::Null, &Value::Null), "{what}");
    assert_eq!((&job["error"], &job["progress"]), (&Value::Null, &json!(100.0)), "{what}");
}

#[tokio::test]
async fn every_output_of_every_design_type_lands_over_http() {
    let world = World::start().await;
    for output in outputs() {
        let job =
            world.run_job(&world.generation_request(output.design, output.options.clone()), "stored").await;
        assert_complete(&world, &job, &output).await;
    }
}

#[tokio::test]
async fn every_design_type_lands_by_direct_invocation() {
    let world = World::start().await;
    for design in ["static", "animated", "printer"] {
        let output = outputs().into_iter().find(|output| output.design == design).expect("an output");
        let mut event = world.generation_request(design, output.options.clone());
        event["command"] = json!("submit");
        let generation = world.invoke(event).await.expect("a job");
        let job = world.wait_for_status(generation["job_id"].as_str().expect("an id"), "stored").await;
        assert_complete(&world, &job, &output).await;
    }
}

#[tokio::test]
async fn without_a_file_type_each_format_gets_its_default() {
    let world = World::start().await;
    let job = world.run_job(&world.generation_request("static", json!({})), "stored").await;
    let manifest = world.read_manifest(&job).await;
    let mut kinds: Vec<(&str, &str)> = (manifest["files"].as_array().expect("files").iter())
        .map(|file| {
            (
                file["details"]["format"].as_str().expect("a name"),
                file["content_type"].as_str().expect("a type"),
            )
        })
        .collect();
    kinds.sort_unstable();
    // A format with a transparent background is a PNG.
    let (jpeg, png) = ("image/jpeg", "image/png");
    assert_eq!(
        kinds,
        [
            ("landscape", jpeg),
            ("large-square", jpeg),
            ("medium-rectangle", png),
            ("postcard", jpeg),
            ("square", png),
            ("story", jpeg),
        ]
    );
}

#[tokio::test]
async fn an_html5_banner_lands_with_its_fallback_image() {
    let world = World::start().await;
    let html5 = json!({
        "image_file_type": "html5", "template_format_names": ["mpu", "wide"],
        "html5": { "page_title": "Spring", "click_tag": "https://shop.example", "include_backup_image": true },
    });
    let job = world.run_job(&world.generation_request("animated", html5), "stored").await;
    let manifest = world.read_manifest(&job).await;
    let files = manifest["files"].as_array().expect("files");
    // Two of each, although only the packages were requested.
    assert_eq!(manifest["completeness"], json!({ "expected": 2, "landed": 2, "missing": 0 }));
    assert_eq!((&job["files_total"], files.len()), (&json!(4), 4));
    for package in files.iter().filter(|file| file["content_type"] == "application/zip") {
        let name = package["name"].as_str().expect("a name");
        let stands_in = format!("{}-fallback.jpg", name.strip_suffix(".zip").expect("a ZIP"));
        let picture = files.iter().find(|file| file["name"] == stands_in).expect("its picture");
        assert_eq!(picture["content_type"], "image/jpeg");
        assert_eq!(picture["details"], package["details"]);
        assert_eq!(picture["width"], package["details"]["format_width"]);
    }
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn a_multipage_document_is_one_file_for_both_kinds() {
    let world = World::start().await;
    let pages = json!({ "pages": { "page_1": { "headline": { "payload": "Spring" } }, "page_2": {} } });
    let print = json!({ "print": { "display_crop_marks": true } });
    let mut multipage = world.design_request("multipage_pdf", "printer_multipage", pages.clone());
    multipage["print"] = print["print"].clone();
    for request in [world.generation_request("printer_multipage", pages), multipage] {
        let job = world.run_job(&request, "stored").await;
        let manifest = world.read_manifest(&job).await;
        assert_eq!(names(&manifest).len(), 1, "{manifest:#}");
        let file = &manifest["files"][0];
        assert_eq!(file["content_type"], "application/pdf");
        assert!(file["details"]["banner_id"].is_string() && file["details"].get("format").is_none());
        assert_eq!(file["details"]["format_unit"], "mm");
        let landed = &manifest["completeness"];
        assert_eq!((&landed["landed"], &landed["missing"]), (&json!(1), &json!(0)));
        assert!(job["request"]["pages"]["page_1"].is_object(), "{job:#}");
    }
    let paths: Vec<String> = world.work_requests().iter().map(|post| post["path"].to_string()).collect();
    assert!(
        paths[0].ends_with("/generate\"") && paths[1].ends_with("/generate-multipage-pdf\""),
        "{paths:?}"
    );
}

#[tokio::test]
async fn the_provider_gets_the_callers_fields_and_a_callback_url() {
    let world = World::start().await;
    let fields = json!({
        "elements": { "headline": "A bare text", "root": { "background_color": "#FFF" }, "nobody": { "x": 1 } },
        "template_format_names": ["half-page"], "image_file_type": "gif", "file_compression_level": 70,
        "gif": { "max_fps": 5, "repeat": -1 },
    });
    let mut request = world.generation_request("animated", fields.clone());
    request["design_type"] = json!("animated");
    let job = world.run_job(&request, "stored").await;
    let post = world.work_requests().remove(0);
    let mut sent: Value = serde_json::from_str(post["body"].as_str().expect("a text")).expect("JSON");
    let callback = sent.as_object_mut().expect("an object").remove("callback_url").expect("a URL");
    assert!(callback.as_str().is_some_and(|url| url.contains(job["job_id"].as_str().expect("an id"))));
    assert_eq!(sent, fields);
}

#[tokio::test]
async fn a_regenerated_banner_is_the_next_version_of_the_original() {
    let world = World::start().await;
    let one = json!({ "template_format_names": ["square"] });
    let first = world.run_job(&world.generation_request("static", one), "stored").await;
    let banner = world.read_manifest(&first).await["files"][0]["details"]["banner_id"].clone();
    let anew = json!({ "template_format_names": ["square"], "original_visual_id": banner });
    let second = world.run_job(&world.generation_request("static", anew), "stored").await;
    let details = world.read_manifest(&second).await["files"][0]["details"].clone();
    assert_eq!((&details["banner_id"], &details["banner_version"]), (&banner, &json!(2)));
    assert_eq!(world.admin(Method::GET, "/generations", Value::Null)["accepted_posts"], 2);
}
