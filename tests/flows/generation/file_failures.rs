//! Some file of a set cannot be had: its neighbours land, and it is told by name and reason. What passes is waited
//! out.

use harness::{StackOptions, cloud::Service, until};
use http::Method;
use serde_json::{Value, json};

use super::{file_server::Files, names, says};
use crate::{worker_crashes::processes, world::World};

/// A fault of the files of one format.
fn of(format: &str, mut fault: Value) -> Value {
    fault["on"] = json!("file");
    fault["format"] = json!(format);
    fault
}

#[tokio::test]
async fn a_file_that_cannot_be_had_is_named_and_its_neighbours_land() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "archive_ranges": false }));
    let elsewhere =
        json!({ "kind": "redirect", "location": "https://elsewhere.example/a.png", "count": null });
    for (fault, reason) in [
        // The provider is asked where such a file is now, so it has to stay gone.
        (json!({ "kind": "not_found", "count": null }), "404"),
        (json!({ "kind": "expired", "count": null }), "403"),
        (json!({ "kind": "html_page" }), "web page"),
        (json!({ "kind": "truncated", "bytes": 3000 }), "not whole"),
        (json!({ "kind": "truncated", "bytes": 0 }), "empty"),
        (json!({ "kind": "no_length", "short_after": 3000 }), "not whole"),
        (elsewhere, "elsewhere.example"),
    ] {
        world.admin(Method::DELETE, "/faults", Value::Null);
        world.trouble(of("story", fault.clone()));
        let job = world.carried_out(&world.three_formats(), "partial").await;
        assert_eq!(
            (&job["error"]["type"], &job["files_total"]),
            (&json!("FilesMissing"), &json!(2)),
            "{fault}"
        );
        says(&job["error"]["message"], &["1 of 3", "-story.", reason]);
        let manifest = world.manifest(&job).await;
        says(&manifest["refused"][0]["source_name"], &["-story."]);
        says(&manifest["refused"][0]["reason"], &[reason]);
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 2, "missing": 1 }), "{fault}");
        assert!(names(&manifest).iter().all(|name| !name.contains("story")), "{fault}: {manifest:#}");
        world.as_listed(&manifest).await;
    }
    let left: Vec<String> = world.keys().await.into_iter().filter(|key| key.contains("story")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_output_that_was_cut_short_is_told_from_a_whole_one() {
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
        let mut fault = of(first, json!({ "kind": "truncated", "bytes": 600 }));
        fault["route"] = json!("GET /banners/*");
        fault["file_type"] = json!(wire);
        world.trouble(fault);
        let job = world.carried_out(&world.generation(design, two), "partial").await;
        says(&job["error"]["message"], &[first, "not whole"]);
    }
}

#[tokio::test]
async fn when_no_file_can_be_had_the_job_fails_and_nothing_is_left() {
    let world = World::start().await;
    world.trouble(json!({ "on": "file", "kind": "not_found", "count": null }));
    let job = world.carried_out(&world.three_formats(), "failed").await;
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("FilesMissing"), &json!(false)));
    says(&job["error"]["message"], &["-square.", "-story.", "-postcard.", "404"]);
    assert_eq!((&job["manifest"], &job["files_total"]), (&Value::Null, &json!(0)), "{job:#}");
    assert_eq!(world.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_stand_in_that_is_gone_does_not_cost_the_banner() {
    let world = World::start().await;
    world.trouble(json!({ "on": "file", "route": "GET /fallback/*", "kind": "not_found", "count": null }));
    let html5 = json!({ "image_file_type": "html5", "template_format_names": ["mpu"] });
    let job = world.carried_out(&world.generation("animated", html5), "partial").await;
    says(&job["error"]["message"], &["-fallback.jpg", "404"]);
    let manifest = world.manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 1, "landed": 1, "missing": 0 }));
    assert_eq!(names(&manifest).len(), 1, "{manifest:#}");
    world.as_listed(&manifest).await;
}

#[tokio::test]
async fn a_file_that_is_gone_is_asked_for_anew_and_lands() {
    let world = World::start().await;
    world.trouble(of("story", json!({ "kind": "expired" })));
    let job = world.carried_out(&world.three_formats(), "stored").await;
    let manifest = world.manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    world.as_listed(&manifest).await;
}

#[tokio::test]
async fn trouble_that_passes_is_waited_out_and_no_file_is_written_twice() {
    let world = World::start().await;
    for fault in [json!({ "kind": "unavailable", "count": 2 }), json!({ "kind": "cut", "after_bytes": 500 })]
    {
        world.trouble(of("story", fault.clone()));
        let job = world.carried_out(&world.three_formats(), "stored").await;
        let manifest = world.manifest(&job).await;
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }), "{fault}");
        world.as_listed(&manifest).await;
    }
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_of_a_set_is_followed_by_one_that_goes_on() {
    let files = Files::serving_all_but_one_at_first().await;
    let change = |options: StackOptions| processes(options.variable("TRUSTED_ORIGINS", files.origin.clone()));
    let world = World::start_with(change).await;
    let (id, url) = world.generated_in_silence(&world.generation("static", json!({}))).await;
    let batch = files.batch(12, "g");
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": batch })).await, 200);
    until("only the file that does not come is missing", || async {
        (world.keys().await.len() == 11).then_some(())
    })
    .await;
    world.kill_worker();
    let job = world.ends(&id, "stored").await;
    assert_eq!(job["files_total"], 12);
    world.as_listed(&world.manifest(&job).await).await;
    // Eleven, one that was begun twice and came once, and the manifest.
    assert_eq!((world.keys().await.len(), files.asked()), (13, 13));
    assert!(world.cloud.requests().count(Service::S3, "PutObject") <= 14);
}
