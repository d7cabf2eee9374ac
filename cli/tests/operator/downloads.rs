//! What landed comes to the operator's machine, byte for byte, and nothing of the operator's is lost.

use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
    sync::Arc,
};

use harness::{
    BUCKET, Function,
    cloud::{Outage, Service},
    direct,
};
use http::Method;
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::world::{Ran, World, id};

/// The paths and outcomes that a download told.
fn told(ran: &Ran) -> Vec<(String, String)> {
    let text = |document: &Value, name: &str| document[name].as_str().expect("a text").to_owned();
    ran.documents().iter().map(|document| (text(document, "path"), text(document, "outcome"))).collect()
}

/// How many files had this outcome.
fn count(ran: &Ran, outcome: &str) -> usize {
    told(ran).iter().filter(|(_, told)| told == outcome).count()
}

impl World {
    /// Checks that a folder holds these files of a job and nothing else.
    async fn holds(&self, folder: &str, files: &[Value]) {
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
async fn every_file_comes_as_it_is_stored_and_is_not_fetched_twice() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let first = world.landfall(&["download", &id(&job)]).await.ends(0);
    assert_eq!(count(&first, "downloaded"), files(&job).len());
    world.holds(&id(&job), files(&job)).await;

    let fetched = world.stack.cloud.requests().count(Service::S3, "GetObject");
    let again = world.landfall(&["download", &id(&job)]).await.ends(0);
    assert_eq!(count(&again, "skipped"), files(&job).len());
    let name = files(&job)[0]["name"].as_str().expect("a name");
    world.landfall(&["download", &id(&job), name, "--to", &id(&job)]).await.ends(0);
    assert_eq!(world.stack.cloud.requests().count(Service::S3, "GetObject"), fetched);

    world.landfall(&["download", &id(&job), "--archive", "--to", "landed"]).await.ends(0);
    world.holds("landed", &[job["archive"].clone()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_was_interrupted_goes_on_and_one_that_was_spoilt_begins_anew() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let archive = &job["archive"];
    let bytes = world.object(archive).await;
    let checksum = archive["checksum"]["value"].as_str().expect("a checksum");
    let mark: String = checksum.chars().filter(char::is_ascii_alphanumeric).collect();
    let spoilt: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    for (folder, beginning, outcome) in
        [("interrupted", &bytes, "resumed"), ("spoilt", &spoilt, "downloaded")]
    {
        fs::create_dir(world.path(folder)).expect("a folder");
        let part = world.path(folder).join(format!("archive.zip.{mark}.part"));
        fs::write(part, &beginning[..bytes.len() / 2]).expect("written");
        let ran = world.landfall(&["download", &id(&job), "--archive", "--to", folder]).await.ends(0);
        assert_eq!(count(&ran, outcome), 1, "{folder}");
        world.holds(folder, std::slice::from_ref(archive)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_trouble_is_asked_again_and_tells_nothing_of_the_link_when_it_stays_so() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let faults = world.stack.cloud.faults();
    faults.next(Service::S3, "GetObject", Outage::Refuse503, 1);
    faults.next(Service::S3, "GetObject", Outage::DropConnections, 1);
    world.landfall(&["download", &id(&job), "--to", "landed"]).await.ends(0);
    world.holds("landed", files(&job)).await;

    for (outage, problem) in
        [(Outage::Refuse503, "download-failed"), (Outage::DropConnections, "unreachable")]
    {
        faults.set(Service::S3, outage);
        let ran = world.landfall(&["download", &id(&job), "--to", "another"]).await.ends(1);
        assert_eq!(ran.problem(), problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_goes_on_gives_what_there_is_and_ends_as_unfinished() {
    let mut world = World::start().await;
    world.trouble(&json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let partial = id(&world.ended(5).await);
    world.stack.pause_worker();
    let again = world.landfall(&["retry", &partial]).await.ends(0).document();
    let ran = world.landfall(&["download", &partial, "--to", "landed"]).await.ends(1);
    assert_eq!((ran.problem(), count(&ran, "downloaded")), ("not-finished".into(), 1));
    world.holds("landed", files(&again)).await;
    world.stack.resume_worker();
    world.landfall(&["wait", &partial]).await.ends(5);
    let ended = world.landfall(&["download", &partial, "--to", "landed"]).await.ends(5);
    assert_eq!((count(&ended, "skipped"), ended.err), (1, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_told_and_the_others_come() {
    let world = World::start().await;
    let job = world.landfall(&["submit", &world.export(5), "--wait"]).await.ends(0).document();
    let (gone, others) = files(&job).split_first().expect("files");
    let key = gone["key"].as_str().expect("a key");
    world.stack.aws.s3.delete_object().bucket(BUCKET).key(key).send().await.expect("deleted");
    let ran = world.landfall(&["download", &id(&job), "--to", "landed"]).await.ends(4);
    assert!(ran.problem() == "not-found" && ran.err.contains(gone["name"].as_str().expect("a name")));
    let part = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "part");
    let landed: Vec<_> = world.files("landed").into_iter().map(|(path, _)| path).collect();
    assert_eq!(landed.iter().filter(|path| !part(path)).count(), others.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_already_stays_unless_the_operator_says_otherwise() {
    let world = World::start().await;
    let job = world.ended(0).await;
    let last = files(&job).last().expect("a file")["name"].as_str().expect("a name");
    let place = world.path("landed").join(last);
    fs::create_dir_all(place.parent().expect("a folder")).expect("made");
    fs::write(&place, "mine").expect("written");

    let ran = world.landfall(&["download", &id(&job), "--to", "landed"]).await.ends(8);
    assert_eq!((ran.problem(), told(&ran)), ("in-the-way".into(), vec![]));
    assert_eq!(world.files("landed"), [(place, b"mine".to_vec())], "nothing came beside it");
    world.landfall(&["download", &id(&job), "--to", "landed", "--force"]).await.ends(0);
    world.holds("landed", files(&job)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beyond_those_that_a_job_lists_come_too() {
    let world = World::start().await;
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    for number in 0..205 {
        archive.start_file(format!("{number}.txt"), SimpleFileOptions::default()).expect("a file");
        archive.write_all(format!("file {number}").as_bytes()).expect("its bytes");
    }
    let archive = archive.finish().expect("an archive").into_inner();
    let simulator = world.stack.simulator("abyssale");
    let put = simulator.admin_bytes(Method::PUT, "/archive", "application/zip", archive.into());
    put.unwrap_or_else(|refused| panic!("{refused}"));
    let job = world.ended(0).await;
    assert_eq!((files(&job).len(), &job["files_total"]), (200, &205.into()));
    let ran = world.landfall(&["download", &id(&job), "--to", "landed"]).await.ends(0);
    assert_eq!(count(&ran, "downloaded"), 205);
    for (path, bytes) in world.files("landed") {
        let number = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert_eq!(bytes, format!("file {number}").as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_out_of_the_folder_is_refused_whoever_says_it() {
    let world = World::start().await;
    let job = world.ended(0).await;
    for name in ["../stolen.png", "/tmp/stolen.png", "a/../../stolen.png", "..", "a\\b", "\u{1b}[2J.png"] {
        let mut lie = job.clone();
        lie["files"][0]["name"] = name.into();
        world.stack.cloud.register_function("liar", direct(answers(lie)));
        let line = ["download", &id(&job), "--to", "landed", "--function", "liar"];
        let ran = world.landfall(&line).await.ends(3);
        assert_eq!(ran.problem(), "unsafe-name", "{name}");
        assert!(world.files("").is_empty(), "{name}");
    }
}

/// A function that always answers the same.
fn answers(answer: Value) -> Function {
    Arc::new(move |_| {
        let answer = answer.clone();
        Box::pin(async move { Ok(answer) })
    })
}
