//! Unavailable files of a set are named with a reason while the others land. Temporary failures are retried.

use harness::{StackOptions, cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use super::{assert_mentions, file_server::FileServer, names};
use crate::{worker_crashes::with_worker_processes, world::World};

/// A fault for the files of one format.
fn fault_of(format: &str, mut fault: Value) -> Value {
    fault["on"] = json!("file");
    fault["format"] = json!(format);
    fault
}

#[tokio::test]
async fn an_unavailable_file_is_named_and_the_others_land() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "archive_ranges": false }));
    let elsewhere =
        json!({ "kind": "redirect", "location": "https://elsewhere.example/a.png", "count": null });
    for (fault, reason) in [
        // Landfall looks up the file's current URL, so the fault has to persist.
        (json!({ "kind": "not_found", "count": null }), "404"),
        (json!({ "kind": "expired", "count": null }), "403"),
        (json!({ "kind": "html_page" }), "web page"),
        (json!({ "kind": "truncated", "bytes": 3000 }), "not whole"),
        (json!({ "kind": "truncated", "bytes": 0 }), "empty"),
        (json!({ "kind": "no_length", "short_after": 3000 }), "not whole"),
        (elsewhere, "elsewhere.example"),
    ] {
        world.admin(Method::DELETE, "/faults", Value::Null);
        world.inject_fault(fault_of("story", fault.clone()));
        let job = world.run_job(&world.three_format_request(), "partial").await;
        assert_eq!(
            (&job["error"]["type"], &job["files_total"]),
            (&json!("FilesMissing"), &json!(2)),
            "{fault}"
        );
        assert_mentions(&job["error"]["message"], &["1 of 3", "-story.", reason]);
        let manifest = world.read_manifest(&job).await;
        assert_mentions(&manifest["refused"][0]["source_name"], &["-story."]);
        assert_mentions(&manifest["refused"][0]["reason"], &[reason]);
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 2, "missing": 1 }), "{fault}");
        assert!(names(&manifest).iter().all(|name| !name.contains("story")), "{fault}: {manifest:#}");
        world.assert_files_match_manifest(&manifest).await;
    }
    let left: Vec<String> =
        world.object_keys().await.into_iter().filter(|key| key.contains("story")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test]
async fn truncated_files_of_every_output_format_are_detected() {
    let world = World::start().await;
    for (design, file_type) in [
        ("static", "jpeg"),
        ("static", "webp"),
        ("static", "avif"),
        ("static", "pdf"),
        ("animated", "gif"),
        ("animated", "mp4"),
        ("animated", "html5"),
    ] {
        let formats = world.design(design)["formats"].clone();
        let two = json!({ "image_file_type": file_type, "template_format_names": [formats[0], formats[1]] });
        let (first, wire) =
            (formats[0].as_str().expect("a name"), if file_type == "html5" { "zip" } else { file_type });
        let mut fault = fault_of(first, json!({ "kind": "truncated", "bytes": 600 }));
        fault["route"] = json!("GET /banners/*");
        fault["file_type"] = json!(wire);
        world.inject_fault(fault);
        let job = world.run_job(&world.generation_request(design, two), "partial").await;
        assert_mentions(&job["error"]["message"], &[first, "not whole"]);
    }
}

#[tokio::test]
async fn when_no_file_is_available_the_job_fails_and_leaves_no_object() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "file", "kind": "not_found", "count": null }));
    let job = world.run_job(&world.three_format_request(), "failed").await;
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("FilesMissing"), &json!(false)));
    assert_mentions(&job["error"]["message"], &["-square.", "-story.", "-postcard.", "404"]);
    assert_eq!((&job["manifest"], &job["files_total"]), (&Value::Null, &json!(0)), "{job:#}");
    assert_eq!(world.object_keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_missing_fallback_image_does_not_lose_the_banner() {
    let world = World::start().await;
    world.inject_fault(
        json!({ "on": "file", "route": "GET /fallback/*", "kind": "not_found", "count": null }),
    );
    let html5 = json!({ "image_file_type": "html5", "template_format_names": ["mpu"] });
    let job = world.run_job(&world.generation_request("animated", html5), "partial").await;
    assert_mentions(&job["error"]["message"], &["-fallback.jpg", "404"]);
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 1, "landed": 1, "missing": 0 }));
    assert_eq!(names(&manifest).len(), 1, "{manifest:#}");
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn an_expired_file_url_is_looked_up_again_and_lands() {
    let world = World::start().await;
    world.inject_fault(fault_of("story", json!({ "kind": "expired" })));
    let job = world.run_job(&world.three_format_request(), "stored").await;
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn temporary_download_failures_are_retried_and_no_file_is_written_twice() {
    let world = World::start().await;
    for fault in [json!({ "kind": "unavailable", "count": 2 }), json!({ "kind": "cut", "after_bytes": 500 })]
    {
        world.inject_fault(fault_of("story", fault.clone()));
        let job = world.run_job(&world.three_format_request(), "stored").await;
        let manifest = world.read_manifest(&job).await;
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }), "{fault}");
        world.assert_files_match_manifest(&manifest).await;
    }
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_set_is_continued_after_its_worker_was_killed() {
    let server = FileServer::start_with_stalled_request().await;
    let change = |options: StackOptions| {
        with_worker_processes(options.variable("TRUSTED_ORIGINS", server.origin.clone()))
    };
    let world = World::start_with(change).await;
    let (id, url) =
        world.submit_generation_without_callback(&world.generation_request("static", json!({}))).await;
    let batch = server.batch(12, "g");
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": batch })).await, 200);
    until("only the stalled file is missing", || async {
        (world.object_keys().await.len() == 11).then_some(())
    })
    .await;
    world.kill_worker();
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["files_total"], 12);
    world.assert_files_match_manifest(&world.read_manifest(&job).await).await;
    // Eleven files, one that was started twice and stored once, and the manifest.
    assert_eq!((world.object_keys().await.len(), server.request_count()), (13, 13));
    assert!(world.cloud.requests().count(Service::S3, "PutObject") <= 14);
}
