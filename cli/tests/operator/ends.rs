//! Scripts go by the exit code.

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{World, ended, id, run};

/// The id of no job.
const NOBODY: &str = "0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a";
/// Where nothing listens.
const NOWHERE: (&str, &str) = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ends_partial_ends_every_command_that_wants_all_of_it_with_5() {
    let world = World::start().await;
    world.trouble(&json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let partial = world.ended(5).await;
    assert_eq!(partial["status"], "partial");
    world.landfall(&["wait", &id(&partial)]).await.ends(5);
    let downloaded = world.landfall(&["download", &id(&partial)]).await.ends(5);
    assert_eq!(downloaded.documents().len(), 1, "what there is has come");
    world.landfall(&["get", &id(&partial)]).await.ends(0);
    let name = partial["files"][0]["name"].as_str().expect("a name");
    for named in [name, "--archive"] {
        world.landfall(&["download", &id(&partial), named, "--to", "named"]).await.ends(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_away_changes_nothing_about_what_is_done_and_how_it_ends() {
    let world = World::start().await;
    world.trouble(&json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let partial = id(&world.ended(5).await);
    let unread = async |line: &[&str]| {
        let mut running = world.begin(line);
        drop(running.stdout.take());
        ended(running).await
    };
    unread(&["wait", &partial]).await.ends(5);
    unread(&["download", &partial]).await.ends(5);
    assert_eq!(world.files(&partial).len(), 1);
    assert_eq!(unread(&["list"]).await.ends(0).err, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_or_is_cancelled_ends_with_6() {
    let world = World::start().await;
    world.trouble(&json!({ "on": "archive", "kind": "not_a_zip" }));
    let failed = world.ended(6).await;
    assert_eq!(failed["error"]["type"], "ArchiveInvalid");
    assert_eq!(world.landfall(&["download", &id(&failed)]).await.ends(6).problem(), "job-ended");

    let silent = world.silent().await;
    assert_eq!(world.landfall(&["cancel", &silent]).await.ends(0).document()["status"], "cancelled");
    world.landfall(&["wait", &silent]).await.ends(6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_over_ends_with_7_and_shows_where_the_job_stands() {
    let world = World::start().await;
    let silent = world.silent().await;
    let waited = world.landfall(&["wait", &silent, "--timeout", "1s"]).await.ends(7);
    assert_eq!(
        (waited.document()["status"].as_str(), waited.problem()),
        (Some("submitted"), "timed-out".into())
    );
    assert_eq!(world.landfall(&["download", &silent]).await.ends(1).problem(), "not-finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_ends_with_4() {
    let world = World::start().await;
    let stored = id(&world.ended(0).await);
    for line in [
        &["get", NOBODY][..],
        &["cancel", NOBODY],
        &["download", &stored, "nothing.png"],
        &["link", &stored, "nothing.png"],
        &["replay", &stored, "--delivery", "001772600772050-9c1f4e0a"],
    ] {
        let ran = world.landfall(line).await.ends(4);
        assert_eq!((ran.problem(), ran.out), ("not-found".into(), String::new()), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_ends_with_3_and_says_why() {
    let world = World::start().await;
    let stored = id(&world.ended(0).await);
    for (line, problem, said) in [
        (&["submit", r#"{"provider":"abyssale","kind":"export"}"#][..], "invalid-request", "banner_ids"),
        (&["get", "nonsense"], "invalid-request", "job_id"),
        (&["link", &stored, "--archive", "--expires-in", "8d"], "invalid-request", "expires_in"),
        (&["retry", &stored], "job-conflict", "stored"),
        (&["get", &stored, "--function", "another"], "no-such-function", "LANDFALL_FUNCTION"),
    ] {
        let ran = world.landfall(line).await.ends(3);
        assert!(ran.problem() == problem && ran.err.contains(said), "{line:?}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_ends_with_9_when_something_is_out_of_order() {
    let world = World::start().await;
    assert_eq!(world.landfall(&["check", "abyssale"]).await.ends(0).document()["ok"], true);
    world.admin(Method::PUT, "/knobs", &json!({ "api_key_revoked": true }));
    let checked = world.landfall(&["check", "abyssale"]).await.ends(9).document();
    let key = checked["checks"].as_array().expect("checks").iter().find(|check| check["name"] == "key");
    assert_eq!(key.map(|key| &key["status"]), Some(&Value::from("failed")));
}

#[tokio::test]
async fn a_command_line_or_request_that_cannot_be_read_ends_with_2_and_asks_nobody() {
    let folder = TempDir::new().expect("a folder");
    for line in [
        &["levitate"][..],
        &["submit", "{"],
        &["submit", "nowhere.json"],
        &["get", NOBODY, "--function", "no name"],
        &["wait", NOBODY, "--timeout", "soon"],
    ] {
        run(folder.path(), &[NOWHERE], line, "").await.ends(2);
    }
    let ran = run(folder.path(), &[NOWHERE, ("AWS_REGION", "")], &["get", NOBODY], "").await.ends(2);
    assert!(ran.err.contains("--region"), "{}", ran.err);
}

#[tokio::test]
async fn a_function_that_cannot_be_reached_ends_with_1_and_missing_credentials_with_3() {
    let folder = TempDir::new().expect("a folder");
    let keys = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s3cret"), NOWHERE];
    let ran = run(folder.path(), &keys, &["get", NOBODY], "").await.ends(1);
    assert_eq!(ran.problem(), "unreachable");
    let ran = run(folder.path(), &keys[2..], &["get", NOBODY], "").await.ends(3);
    assert_eq!(ran.problem(), "no-credentials");
}
