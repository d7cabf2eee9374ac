//! `download`: files arrive unchanged, and local files are not lost.

use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
    sync::Arc,
};

use harness::{
    BUCKET, Function,
    cloud::{Outage, Service},
    invoke_handler,
};
use http::Method;
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::operator_workspace::{CommandResult, Workspace, id};

/// The paths and outcomes that a download printed.
fn outcomes(result: &CommandResult) -> Vec<(String, String)> {
    let text = |document: &Value, name: &str| document[name].as_str().expect("a text").to_owned();
    result.documents().iter().map(|document| (text(document, "path"), text(document, "outcome"))).collect()
}

/// The number of files with this outcome.
fn count(result: &CommandResult, outcome: &str) -> usize {
    outcomes(result).iter().filter(|(_, printed)| printed == outcome).count()
}

impl Workspace {
    /// Checks that a folder contains these files of a job and nothing else.
    async fn assert_folder_contains(&self, folder: &str, files: &[Value]) {
        assert_eq!(self.files(folder).len(), files.len());
        for file in files {
            let path = self.path(folder).join(file["name"].as_str().expect("a name"));
            assert!(fs::read(&path).expect("bytes") == self.object(file).await, "other bytes: {file}");
        }
    }
}

fn files(job: &Value) -> &[Value] {
    job["files"].as_array().expect("files")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_is_downloaded_unchanged_and_not_fetched_again() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let first = workspace.landfall(&["download", &id(&job)]).await.expect_exit(0);
    assert_eq!(count(&first, "downloaded"), files(&job).len());
    workspace.assert_folder_contains(&id(&job), files(&job)).await;

    let fetched = workspace.stack.cloud.requests().count(Service::S3, "GetObject");
    let again = workspace.landfall(&["download", &id(&job)]).await.expect_exit(0);
    assert_eq!(count(&again, "skipped"), files(&job).len());
    let name = files(&job)[0]["name"].as_str().expect("a name");
    workspace.landfall(&["download", &id(&job), name, "--to", &id(&job)]).await.expect_exit(0);
    assert_eq!(workspace.stack.cloud.requests().count(Service::S3, "GetObject"), fetched);

    workspace.landfall(&["download", &id(&job), "--archive", "--to", "landed"]).await.expect_exit(0);
    workspace.assert_folder_contains("landed", &[job["archive"].clone()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_download_is_resumed_and_a_corrupt_one_restarts() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let archive = &job["archive"];
    let bytes = workspace.object(archive).await;
    let checksum = archive["checksum"]["value"].as_str().expect("a checksum");
    let checksum_in_name: String = checksum.chars().filter(char::is_ascii_alphanumeric).collect();
    let corrupt: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    for (folder, first_bytes, outcome) in
        [("interrupted", &bytes, "resumed"), ("corrupt", &corrupt, "downloaded")]
    {
        fs::create_dir(workspace.path(folder)).expect("a folder");
        let part = workspace.path(folder).join(format!("archive.zip.{checksum_in_name}.part"));
        fs::write(part, &first_bytes[..bytes.len() / 2]).expect("written");
        let result =
            workspace.landfall(&["download", &id(&job), "--archive", "--to", folder]).await.expect_exit(0);
        assert_eq!(count(&result, outcome), 1, "{folder}");
        workspace.assert_folder_contains(folder, std::slice::from_ref(archive)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_s3_are_retried_and_do_not_reveal_the_presigned_url() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let faults = workspace.stack.cloud.faults();
    faults.next(Service::S3, "GetObject", Outage::Refuse503, 1);
    faults.next(Service::S3, "GetObject", Outage::DropConnections, 1);
    workspace.landfall(&["download", &id(&job), "--to", "landed"]).await.expect_exit(0);
    workspace.assert_folder_contains("landed", files(&job)).await;

    for (outage, problem) in
        [(Outage::Refuse503, "download-failed"), (Outage::DropConnections, "unreachable")]
    {
        faults.set(Service::S3, outage);
        let result = workspace.landfall(&["download", &id(&job), "--to", "another"]).await.expect_exit(1);
        assert_eq!(result.problem(), problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_an_active_job_are_downloaded_and_the_exit_code_says_that_it_is_active() {
    let mut workspace = Workspace::start().await;
    workspace.inject_fault(&json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let partial = id(&workspace.run_job_to_end(5).await);
    workspace.stack.pause_worker();
    let again = workspace.landfall(&["retry", &partial]).await.expect_exit(0).document();
    let result = workspace.landfall(&["download", &partial, "--to", "landed"]).await.expect_exit(1);
    assert_eq!((result.problem(), count(&result, "downloaded")), ("not-finished".into(), 1));
    workspace.assert_folder_contains("landed", files(&again)).await;
    workspace.stack.resume_worker();
    // The retry reads the banner that the archive lacked.
    workspace.landfall(&["wait", &partial]).await.expect_exit(0);
    let ended = workspace.landfall(&["download", &partial, "--to", "landed"]).await.expect_exit(0);
    assert_eq!((count(&ended, "skipped"), count(&ended, "downloaded"), ended.stderr), (1, 1, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_object_is_reported_and_the_other_files_are_downloaded() {
    let workspace = Workspace::start().await;
    let job = workspace
        .landfall(&["submit", &workspace.export_request(5), "--wait"])
        .await
        .expect_exit(0)
        .document();
    let (deleted, others) = files(&job).split_first().expect("files");
    let key = deleted["key"].as_str().expect("a key");
    workspace.stack.aws.s3.delete_object().bucket(BUCKET).key(key).send().await.expect("deleted");
    let result = workspace.landfall(&["download", &id(&job), "--to", "landed"]).await.expect_exit(4);
    assert!(
        result.problem() == "not-found" && result.stderr.contains(deleted["name"].as_str().expect("a name"))
    );
    let is_part = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "part");
    let landed: Vec<_> = workspace.files("landed").into_iter().map(|(path, _)| path).collect();
    assert_eq!(landed.iter().filter(|path| !is_part(path)).count(), others.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_local_file_is_kept_unless_force_is_given() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    let last = files(&job).last().expect("a file")["name"].as_str().expect("a name");
    let path = workspace.path("landed").join(last);
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(&path, "mine").expect("written");

    let result = workspace.landfall(&["download", &id(&job), "--to", "landed"]).await.expect_exit(8);
    assert_eq!((result.problem(), outcomes(&result)), ("in-the-way".into(), vec![]));
    assert_eq!(workspace.files("landed"), [(path, b"mine".to_vec())], "no other file is downloaded");
    workspace.landfall(&["download", &id(&job), "--to", "landed", "--force"]).await.expect_exit(0);
    workspace.assert_folder_contains("landed", files(&job)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beyond_the_truncated_list_of_the_job_are_downloaded() {
    let workspace = Workspace::start().await;
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    for number in 0..205 {
        archive.start_file(format!("{number}.txt"), SimpleFileOptions::default()).expect("a file");
        archive.write_all(format!("file {number}").as_bytes()).expect("its bytes");
    }
    let archive = archive.finish().expect("an archive").into_inner();
    let simulator = workspace.stack.simulator("abyssale");
    let put = simulator.admin_bytes(Method::PUT, "/archive", "application/zip", archive.into());
    put.unwrap_or_else(|error| panic!("{error}"));
    let job = workspace.run_job_to_end(0).await;
    assert_eq!((files(&job).len(), &job["files_total"]), (200, &205.into()));
    let result = workspace.landfall(&["download", &id(&job), "--to", "landed"]).await.expect_exit(0);
    assert_eq!(count(&result, "downloaded"), 205);
    for (path, bytes) in workspace.files("landed") {
        let number = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert_eq!(bytes, format!("file {number}").as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_out_of_the_folder_is_rejected_even_from_the_function() {
    let workspace = Workspace::start().await;
    let job = workspace.run_job_to_end(0).await;
    for name in ["../stolen.png", "/tmp/stolen.png", "a/../../stolen.png", "..", "a\\b", "\u{1b}[2J.png"] {
        let mut malicious_job = job.clone();
        malicious_job["files"][0]["name"] = name.into();
        workspace
            .stack
            .cloud
            .register_function("malicious", invoke_handler(constant_function(malicious_job)));
        let line = ["download", &id(&job), "--to", "landed", "--function", "malicious"];
        let result = workspace.landfall(&line).await.expect_exit(3);
        assert_eq!(result.problem(), "unsafe-name", "{name}");
        assert!(workspace.files("").is_empty(), "{name}");
    }
}

/// A function that always returns the same response.
fn constant_function(response: Value) -> Function {
    Arc::new(move |_| {
        let response = response.clone();
        Box::pin(async move { Ok(response) })
    })
}
