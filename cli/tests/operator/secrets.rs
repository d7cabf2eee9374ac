//! `signing-secret`, `webhook-secret` and `link`: secrets are managed without being printed, and only `link` prints a URL.

use bytes::Bytes;
use harness::cloud::{Outage, Service};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::operator_workspace::{Workspace, id};

#[tokio::test(flavor = "multi_thread")]
async fn webhook_secrets_are_generated_rotated_and_revoked_by_their_fingerprints() {
    let workspace = Workspace::start().await;
    let stored = async |action: &str| {
        let result = workspace.landfall(&["webhook-secret", action]).await.expect_exit(0);
        result.document()["stored"].as_array().expect("fingerprints").clone()
    };
    assert_eq!(stored("status").await, Vec::<Value>::new());
    let first = stored("rotate").await;
    let both = stored("rotate").await;
    assert_eq!((first.len(), both.len(), &both[1]), (1, 2, &first[0]));
    assert_eq!(
        workspace.landfall(&["webhook-secret", "rotate"]).await.expect_exit(3).problem(),
        "invalid-request"
    );
    assert_eq!(stored("revoke").await, both[..1]);
    let result = workspace.landfall(&["webhook-secret", "status", "--output", "text"]).await.expect_exit(0);
    assert_eq!(result.stdout, format!("signing          {}\n", both[0].as_str().expect("a fingerprint")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_whose_response_is_lost_is_not_sent_again() {
    let workspace = Workspace::start().await;
    workspace.stack.cloud.faults().next(Service::Lambda, "Invoke", Outage::LoseAnswers, 1);
    let lost = workspace.landfall(&["webhook-secret", "rotate"]).await.expect_exit(1);
    assert!(lost.stderr.contains("status"), "{}", lost.stderr);
    let status = workspace.landfall(&["webhook-secret", "status"]).await.expect_exit(0).document();
    assert_eq!(status["stored"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_secret_is_fetched_and_rotated_and_a_second_rotation_needs_force() {
    let workspace = Workspace::start().await;
    let command = |action| ["signing-secret", "abyssale", action];
    let fetched = workspace.landfall(&command("fetch")).await.expect_exit(0).document();
    assert_eq!(fetched["in_sync"], true);
    let rotated = workspace.landfall(&command("rotate")).await.expect_exit(0).document();
    assert_ne!(rotated["at_provider"]["fingerprint"], fetched["at_provider"]["fingerprint"]);
    assert_eq!(workspace.landfall(&command("rotate")).await.expect_exit(3).problem(), "provider-conflict");
    let forced =
        workspace.landfall(&[&command("rotate")[..], &["--force"]].concat()).await.expect_exit(0).document();
    assert_ne!(forced["at_provider"]["fingerprint"], rotated["at_provider"]["fingerprint"]);
    let status = workspace.landfall(&command("status")).await.expect_exit(0).document();
    assert_eq!(status["stored"], forced["stored"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_returns_the_file_the_archive_or_the_manifest() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let file = &job["files"][0];
    for (selection, expected) in [
        (file["name"].as_str().expect("a name"), file),
        ("--archive", &job["archive"]),
        ("--manifest", &job["manifest"]),
    ] {
        let line = ["link", &id(&job), selection, "--expires-in", "5m", "--output", "text"];
        let result = workspace.landfall_printing_a_url(&line, "").await.expect_exit(0);
        let request = Request::builder().method(Method::GET).uri(result.stdout.trim_end()).body(Bytes::new());
        let response = workspace.stack.http.send(request.expect("a request")).await.expect("a file");
        assert!(*response.body() == workspace.object(expected).await, "other bytes: {selection}");
        assert!(result.stdout.contains("X-Amz-Expires=300") && result.stderr.contains("until"), "{result:?}");
    }
    let result =
        workspace.landfall_printing_a_url(&["link", &id(&job), "--archive"], "").await.expect_exit(0);
    let keys: Vec<String> = result.document().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(json!(keys), json!(["expires_at", "url"]));
}
