//! The provider cannot make all of it: what it made lands, and the rest is told in its words.

use serde_json::{Value, json};

use super::says;
use crate::world::World;

/// Lets the next generation fail in these formats.
fn fails(world: &World, formats: &[&str]) {
    for format in formats {
        let fault =
            json!({ "on": "generation", "kind": "format_error", "format": format, "reason": "Too long." });
        world.trouble(fault);
    }
}

#[tokio::test]
async fn a_format_that_cannot_be_made_is_missing_by_name() {
    let world = World::start().await;
    fails(&world, &["story"]);
    let job = world.carried_out(&world.three_formats(), "partial").await;
    let missing = json!([{ "name": "story", "reason": "Too long." }]);
    assert_eq!((&job["missing"], &job["files_total"]), (&missing, &json!(2)), "{job:#}");
    assert_eq!((&job["error"]["type"], &job["error"]["retryable"]), (&json!("FilesMissing"), &json!(false)));
    says(&job["error"]["message"], &["2 of 3", "\"story\"", "Too long."]);
    let manifest = world.manifest(&job).await;
    assert_eq!(manifest["missing"], missing);
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 2, "missing": 1 }));
    world.as_listed(&manifest).await;
}

#[tokio::test]
async fn a_design_in_all_its_formats_is_short_by_what_failed() {
    let world = World::start().await;
    fails(&world, &["landscape"]);
    let job = world.carried_out(&world.generation("static", json!({})), "partial").await;
    says(&job["error"]["message"], &["5 of 6", "\"landscape\""]);
    let manifest = world.manifest(&job).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 6, "landed": 5, "missing": 1 }));
}

#[tokio::test]
async fn a_generation_of_which_nothing_came_fails_and_leaves_nothing() {
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
        let job = world.carried_out(&world.order(kind, design, more), "failed").await;
        assert_eq!(job["missing"].as_array().map(Vec::len), Some(lost), "{job:#}");
        assert_eq!(
            (&job["error"]["type"], &job["error"]["retryable"]),
            (&json!("ProviderFailed"), &json!(false))
        );
        says(&job["error"]["message"], &["The text cannot fit within the defined space."]);
        assert_eq!((&job["manifest"], &job["files"]), (&Value::Null, &json!([])), "{job:#}");
    }
    assert_eq!(world.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn neither_banners_nor_errors_is_an_empty_success() {
    let world = World::start().await;
    world.trouble(json!({ "on": "generation", "kind": "nothing" }));
    let job = world.carried_out(&world.generation("static", json!({})), "stored").await;
    assert_eq!((&job["error"], &job["files_total"]), (&Value::Null, &json!(0)), "{job:#}");
    let manifest = world.manifest(&job).await;
    assert_eq!((&manifest["files"], &manifest["completeness"]["landed"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn nothing_at_all_is_less_than_the_formats_that_were_named() {
    let world = World::start().await;
    world.trouble(json!({ "on": "generation", "kind": "nothing" }));
    let job = world.carried_out(&world.three_formats(), "partial").await;
    says(&job["error"]["message"], &["0 of 3"]);
    assert_eq!(
        world.manifest(&job).await["completeness"],
        json!({ "expected": 3, "landed": 0, "missing": 3 })
    );
}
