//! `submit`: a request creates one job, even if responses are lost.

use std::fs;

use harness::cloud::{Outage, Service};
use serde_json::{Value, json};

use crate::operator_workspace::Workspace;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_returns_the_same_job() {
    let workspace = Workspace::start().await;
    fs::write(workspace.path("request.json"), workspace.export_request(2)).expect("written");
    let key = ["--wait", "--idempotency-key", "spring-1"];
    let stored =
        workspace.landfall(&[&["submit", "request.json"], &key[..]].concat()).await.expect_exit(0).document();
    assert_eq!((&stored["status"], &stored["files_total"]), (&"stored".into(), &2.into()));

    let again = workspace
        .landfall_with_input(&[&["submit", "-"], &key[..]].concat(), &workspace.export_request(2))
        .await;
    assert_eq!(again.expect_exit(0).document(), stored);
    assert_eq!(workspace.accepted_exports(), 1);

    let other = workspace
        .landfall(&["submit", &workspace.export_request(1), "--idempotency-key", "spring-1"])
        .await
        .expect_exit(3);
    assert_eq!(other.problem(), "idempotency-mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_key_is_submitted_once_even_if_the_response_is_lost() {
    let workspace = Workspace::start().await;
    workspace.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    workspace.landfall(&["submit", &workspace.export_request(1)]).await.expect_exit(0);
    assert_eq!(
        (workspace.stack.cloud.requests().count(Service::Lambda, "Invoke"), workspace.accepted_exports()),
        (2, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_responses_are_all_lost_can_be_repeated_with_the_printed_key() {
    let workspace = Workspace::start().await;
    workspace.stack.cloud.faults().set(Service::Lambda, Outage::LoseAnswers);
    let lost = workspace.landfall(&["submit", &workspace.export_request(1)]).await.expect_exit(1);
    let problem: Value = serde_json::from_str(&lost.stderr).expect("one problem");
    let key = problem["idempotency_key"].as_str().expect("a key");
    workspace.stack.cloud.faults().clear();
    workspace
        .landfall(&["submit", &workspace.export_request(1), "--idempotency-key", key])
        .await
        .expect_exit(0);
    assert_eq!(workspace.accepted_exports(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_output_prints_the_generated_key_before_the_request_and_after_a_lost_response() {
    let workspace = Workspace::start().await;
    let refused = workspace.landfall(&["submit", "{}", "--output", "text"]).await.expect_exit(3);
    let key = refused.stderr.lines().next().and_then(|line| line.strip_prefix("idempotency key "));
    assert!(key.is_some_and(|key| key.len() == 36), "{}", refused.stderr);
    assert!(!refused.stderr.contains("--idempotency-key"), "no job exists: {}", refused.stderr);

    workspace.stack.cloud.faults().set(Service::Lambda, Outage::LoseAnswers);
    let lost = workspace
        .landfall(&["submit", &workspace.export_request(1), "--output", "text", "--quiet"])
        .await
        .expect_exit(1);
    let key = lost.stderr.trim_end().split("--idempotency-key ").nth(1).expect("a key");
    workspace.stack.cloud.faults().clear();
    workspace
        .landfall(&["submit", &workspace.export_request(1), "--idempotency-key", key])
        .await
        .expect_exit(0);
    assert_eq!(workspace.accepted_exports(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_warnings_of_a_submission_are_shown() {
    let workspace = Workspace::start().await;
    let described = workspace.stack.simulator("abyssale").describe();
    let request = json!({
        "provider": "abyssale", "kind": "generation", "design_id": described["designs"]["animated"][0]["id"],
        "image_file_type": "gif", "gif": { "dithering": 1 },
    });
    let result =
        workspace.landfall(&["submit", &request.to_string(), "--output", "text"]).await.expect_exit(0);
    assert!(result.stdout.contains("warnings         gif.dithering: unknown option"), "{}", result.stdout);
}
