//! The provider cannot make every format: the others land, and the job names the missing ones with the provider's
//! reason.

use serde_json::{Value, json};

use super::assert_mentions;
use crate::world::World;

/// Makes these formats of the next generation fail.
fn fail_formats(world: &World, formats: &[&str]) {
    for format in formats {
        let fault =
            json!({ "on": "generation", "kind": "format_error", "format": format, "reason": "Too long." });
        world.inject_fault(fault);
    }
}

#[tokio::test]
async fn a_format_that_failed_is_listed_as_missing() {
    let world = World::start().await;
    fail_formats(&world, &["story"]);
    let job = world.run_job(&world.three_format_request(), "partial").await;
    let missing = json!([{ "name": "story", "reason": "Too long." }]);
    assert_eq!((&job["missing"], &job["files_total"]), (&missing, &json!(2)), "{job:#}");
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("FilesMissing"), &json!(false)));
    assert_mentions(&job["error"]["message"], &["2 of 3", "\"story\"", "Too long."]);
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["missing"], missing);
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 2, "missing": 1 }));
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn failed_formats_count_as_missing_when_all_were_requested() {
    let world = World::start().await;
    fail_formats(&world, &["landscape"]);
    let job = world.run_job(&world.generation_request("static", json!({})), "partial").await;
    assert_mentions(&job["error"]["message"], &["5 of 6", "\"landscape\""]);
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 6, "landed": 5, "missing": 1 }));
}

#[tokio::test]
async fn a_generation_without_any_file_fails_and_leaves_no_object() {
    let world = World::start().await;
    let long = json!({ "elements": { "headline": { "payload": "long ".repeat(100) } } });
    for (kind, design, more, lost) in [
        ("generation", "static", long, 6),
        (
            "multipage_pdf",
            "printer_multipage",
            json!({ "pages": { "page_1": { "headline": "x".repeat(500) } } }),
            1,
        ),
    ] {
        let job = world.run_job(&world.design_request(kind, design, more), "failed").await;
        assert_eq!(job["missing"].as_array().map(Vec::len), Some(lost), "{job:#}");
        assert_eq!(
            (&job["error"]["type"], &job["error"]["retryable"]),
            (&json!("ProviderFailed"), &json!(false))
        );
        assert_mentions(&job["error"]["message"], &["The text cannot fit within the defined space."]);
        assert_eq!((&job["manifest"], &job["files"]), (&Value::Null, &json!([])), "{job:#}");
    }
    assert_eq!(world.object_keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn neither_banners_nor_errors_is_an_empty_success() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "generation", "kind": "nothing" }));
    let job = world.run_job(&world.generation_request("static", json!({})), "stored").await;
    assert_eq!((&job["error"], &job["files_total"]), (&Value::Null, &json!(0)), "{job:#}");
    let manifest = world.read_manifest(&job).await;
    assert_eq!((&manifest["files"], &manifest["completeness"]["landed"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn an_empty_batch_lacks_the_requested_formats() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "generation", "kind": "nothing" }));
    let job = world.run_job(&world.three_format_request(), "partial").await;
    assert_mentions(&job["error"]["message"], &["0 of 3"]);
    assert_eq!(
        world.read_manifest(&job).await["completeness"],
        json!({ "expected": 3, "landed": 0, "missing": 3 })
    );
}
