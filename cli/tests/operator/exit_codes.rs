//! The exit codes on which scripts rely.

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::operator_workspace::{Workspace, id, run, wait_for_exit};

/// The ID of a job that does not exist.
const UNKNOWN_JOB: &str = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
/// An endpoint on which no server listens.
const CLOSED_ENDPOINT: (&str, &str) = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_need_all_files_exit_with_5_for_a_partial_job() {
    let workspace = Workspace::start().await;
    workspace.inject_fault(&json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let partial = workspace.run_job_to_end(5).await;
    assert_eq!(partial["status"], "partial");
    workspace.landfall(&["wait", &id(&partial)]).await.expect_exit(5);
    let downloaded = workspace.landfall(&["download", &id(&partial)]).await.expect_exit(5);
    assert_eq!(downloaded.documents().len(), 1, "the existing file is downloaded");
    workspace.landfall(&["get", &id(&partial)]).await.expect_exit(0);
    let name = partial["files"][0]["name"].as_str().expect("a name");
    for selection in [name, "--archive"] {
        workspace.landfall(&["download", &id(&partial), selection, "--to", "named"]).await.expect_exit(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_standard_output_changes_neither_the_effect_nor_the_exit_code() {
    let workspace = Workspace::start().await;
    workspace.inject_fault(&json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let partial = id(&workspace.run_job_to_end(5).await);
    let run_with_closed_stdout = async |line: &[&str]| {
        let mut running = workspace.spawn(line);
        drop(running.stdout.take());
        wait_for_exit(running).await
    };
    run_with_closed_stdout(&["wait", &partial]).await.expect_exit(5);
    run_with_closed_stdout(&["download", &partial]).await.expect_exit(5);
    assert_eq!(workspace.files(&partial).len(), 1);
    assert_eq!(run_with_closed_stdout(&["list"]).await.expect_exit(0).stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_or_cancelled_job_exits_with_6() {
    let workspace = Workspace::start().await;
    workspace.inject_fault(&json!({ "on": "archive", "kind": "not_a_zip" }));
    let failed = workspace.run_job_to_end(6).await;
    assert_eq!(failed["error"]["type"], "ArchiveInvalid");
    assert_eq!(workspace.landfall(&["download", &id(&failed)]).await.expect_exit(6).problem(), "job-ended");

    let submitted = workspace.submit_without_callback().await;
    assert_eq!(
        workspace.landfall(&["cancel", &submitted]).await.expect_exit(0).document()["status"],
        "cancelled"
    );
    workspace.landfall(&["wait", &submitted]).await.expect_exit(6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_times_out_exits_with_7_and_shows_the_job() {
    let workspace = Workspace::start().await;
    let submitted = workspace.submit_without_callback().await;
    let waited = workspace.landfall(&["wait", &submitted, "--timeout", "1s"]).await.expect_exit(7);
    assert_eq!(
        (waited.document()["status"].as_str(), waited.problem()),
        (Some("submitted"), "timed-out".into())
    );
    assert_eq!(workspace.landfall(&["download", &submitted]).await.expect_exit(1).problem(), "not-finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_job_file_or_delivery_exits_with_4() {
    let workspace = Workspace::start().await;
    let stored = id(&workspace.run_job_to_end(0).await);
    for line in [
        &["get", UNKNOWN_JOB][..],
        &["cancel", UNKNOWN_JOB],
        &["download", &stored, "nothing.png"],
        &["link", &stored, "nothing.png"],
        &["replay", &stored, "--delivery", "001772600772050-9c1f4e0a"],
    ] {
        let result = workspace.landfall(line).await.expect_exit(4);
        assert_eq!((result.problem(), result.stdout), ("not-found".into(), String::new()), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_rejection_exits_with_3_and_gives_the_reason() {
    let workspace = Workspace::start().await;
    let stored = id(&workspace.run_job_to_end(0).await);
    for (line, problem, reason) in [
        (&["submit", r#"{"provider":"abyssale","kind":"export"}"#][..], "invalid-request", "banner_ids"),
        (&["get", "nonsense"], "invalid-request", "job_id"),
        (&["link", &stored, "--archive", "--expires-in", "8d"], "invalid-request", "expires_in"),
        (&["retry", &stored], "job-conflict", "stored"),
        (&["get", &stored, "--function", "another"], "no-such-function", "LANDFALL_FUNCTION"),
    ] {
        let result = workspace.landfall(line).await.expect_exit(3);
        assert!(result.problem() == problem && result.stderr.contains(reason), "{line:?}: {}", result.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_reports_a_problem_exits_with_9() {
    let workspace = Workspace::start().await;
    assert_eq!(workspace.landfall(&["check", "abyssale"]).await.expect_exit(0).document()["ok"], true);
    workspace.admin(Method::PUT, "/knobs", &json!({ "api_key_revoked": true }));
    let checked = workspace.landfall(&["check", "abyssale"]).await.expect_exit(9).document();
    let key = checked["checks"].as_array().expect("checks").iter().find(|check| check["name"] == "key");
    assert_eq!(key.map(|key| &key["status"]), Some(&Value::from("failed")));
}

#[tokio::test]
async fn a_malformed_command_line_or_request_exits_with_2_and_sends_nothing() {
    let folder = TempDir::new().expect("a folder");
    for line in [
        &["levitate"][..],
        &["submit", "{"],
        &["submit", "nowhere.json"],
        &["get", UNKNOWN_JOB, "--function", "no name"],
        &["wait", UNKNOWN_JOB, "--timeout", "soon"],
    ] {
        run(folder.path(), &[CLOSED_ENDPOINT], line, "").await.expect_exit(2);
    }
    let result = run(folder.path(), &[CLOSED_ENDPOINT, ("AWS_REGION", "")], &["get", UNKNOWN_JOB], "")
        .await
        .expect_exit(2);
    assert!(result.stderr.contains("--region"), "{}", result.stderr);
}

#[tokio::test]
async fn an_unreachable_function_exits_with_1_and_missing_credentials_with_3() {
    let folder = TempDir::new().expect("a folder");
    let keys = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s3cret"), CLOSED_ENDPOINT];
    let result = run(folder.path(), &keys, &["get", UNKNOWN_JOB], "").await.expect_exit(1);
    assert_eq!(result.problem(), "unreachable");
    let result = run(folder.path(), &keys[2..], &["get", UNKNOWN_JOB], "").await.expect_exit(3);
    assert_eq!(result.problem(), "no-credentials");
}
