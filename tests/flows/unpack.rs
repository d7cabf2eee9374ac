//! Archives are unpacked into files, which a manifest lists.

mod foreign_archives;
mod hostile_archives;
mod worker_crashes;
mod zip_builder;

use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, checksum};
use harness::{
    BUCKET, TABLE, Workers,
    cloud::{Outage, Service},
    until,
};
use serde_json::{Value, json};
use zip_builder::{Item, pack};

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

impl World {
    /// A job's manifest.
    pub(crate) async fn read_manifest(&self, job: &Value) -> Value {
        let bytes = self.read_object(job["manifest"]["key"].as_str().expect("a key")).await;
        assert_eq!(job["manifest"]["bytes"], bytes.len());
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Checks that every file of a manifest is in the bucket as listed, and was written once.
    pub(crate) async fn assert_files_match_manifest(&self, manifest: &Value) {
        for file in manifest["files"].as_array().expect("files") {
            let key = file["key"].as_str().expect("a key");
            let bytes = self.read_object(key).await;
            assert_eq!(file["bytes"], bytes.len(), "{key}");
            let crc64 = BASE64_STANDARD.encode(checksum(CrcAlgorithm::Crc64Nvme, &bytes).to_be_bytes());
            assert_eq!(file["checksum"], json!({ "algorithm": "CRC64NVME", "value": crc64 }), "{key}");
            if let Some(crc32) = file.get("crc32") {
                assert_eq!(*crc32, format!("{:08x}", checksum(CrcAlgorithm::Crc32IsoHdlc, &bytes)), "{key}");
            }
            let head = self.aws.s3.head_object().bucket(BUCKET).key(key).send().await.expect("an object");
            assert_eq!(head.content_type(), file["content_type"].as_str(), "{key}");
            assert_eq!(self.cloud.object_writes(BUCKET, key), 1, "{key}");
        }
    }

    /// Lands a finished job again, as if its item had been lost and its files had not.
    async fn land_again(&self, id: &str) -> Value {
        let update = self.aws.dynamodb.update_item().table_name(TABLE);
        let update =
            update.key("pk", AttributeValue::S(id.into())).key("sk", AttributeValue::S("JOB".into()));
        let update = update.update_expression("SET #s = :received REMOVE #f, #m, #a, lease_until");
        let names = [("#s", "status"), ("#f", "files"), ("#m", "manifest"), ("#a", "archive")];
        let update = names
            .into_iter()
            .fold(update, |update, (short, name)| update.expression_attribute_names(short, name));
        let update = update.expression_attribute_values(":received", AttributeValue::S("received".into()));
        update.send().await.expect("an update");
        self.redeliver(&self.callback_url(id), 1);
        self.wait_for_status(id, "stored").await
    }
}

#[tokio::test]
async fn an_export_is_unpacked_and_listed_in_its_manifest() {
    let world = World::start().await;
    let id = world.submit_export(6).await;
    let job = world.wait_for_status(&id, "stored").await;
    let prefix =
        job["archive"]["key"].as_str().and_then(|key| key.strip_suffix("archive.zip")).expect("a key");
    assert_eq!((job["files"].as_array().map(Vec::len), &job["files_total"]), (Some(6), &json!(6)));
    assert_eq!(job["manifest"]["key"], format!("{prefix}manifest.json"));

    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["schema_version"], 1);
    for field in ["job_id", "provider", "kind", "provider_job_id", "request", "created_at"] {
        assert_eq!(manifest[field], job[field], "{field}");
    }
    for field in ["key", "bytes", "checksum", "entries"] {
        assert_eq!(manifest["archive"][field], job["archive"][field], "{field}");
    }
    assert_eq!(manifest["completeness"], json!({ "expected": 6, "landed": 6, "missing": 0 }));
    assert_eq!(manifest["refused"], json!([]));
    for (listed, file) in
        manifest["files"].as_array().expect("files").iter().zip(job["files"].as_array().expect("files"))
    {
        for field in ["name", "key", "bytes", "content_type", "checksum"] {
            assert_eq!(listed[field], file[field], "{field}");
        }
        let key = listed["key"].as_str().expect("a key");
        assert!(key.starts_with(&format!("{prefix}files/")), "{key}");
        assert!(listed["width"].as_u64() > Some(0) && listed["height"].as_u64() > Some(0), "{listed}");
        assert!(["image/png", "image/jpeg"].contains(&listed["content_type"].as_str().expect("a type")));
    }
    world.assert_files_match_manifest(&manifest).await;
    assert_eq!(world.object_keys().await.len(), 8);
}

#[tokio::test]
async fn a_job_may_request_only_the_archive() {
    let world = World::start().await;
    let mut export = world.export_request(3);
    export["unpack"] = json!(false);
    let response = world.post(&export, &[]).await;
    assert_eq!(response.body()["unpack"], false);
    let job = world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!((&job["files"][0]["key"], &job["files_total"]), (&job["archive"]["key"], &json!(1)));
    let manifest = world.read_manifest(&job).await;
    let mut listed = job["files"].clone();
    listed[0].as_object_mut().expect("a file").remove("links").expect("links");
    assert_eq!(manifest["files"], listed);
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    world.assert_files_match_manifest(&manifest).await;
    assert_eq!(world.object_keys().await.len(), 2);
}

#[tokio::test]
async fn the_operator_may_disable_unpacking_and_a_job_may_enable_it() {
    let world = World::start_with(|options| options.variable("UNPACK", "false")).await;
    let id = world.submit_export(1).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["files"][0]["name"], &job["unpack"]), (&json!("archive.zip"), &Value::Null));
    let mut export = world.export_request(1);
    export["unpack"] = json!(true);
    let response = world.post(&export, &[]).await;
    let job = world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
    assert_ne!(job["files"][0]["name"], "archive.zip");
}

#[tokio::test]
async fn unpack_is_a_boolean_and_covered_by_the_idempotency_key() {
    let world = World::start().await;
    let mut export = world.export_request(1);
    for wrong in [json!("false"), json!(0), json!({})] {
        export["unpack"] = wrong;
        let response = world.post(&export, &[]).await;
        assert_eq!(
            (response.status().as_u16(), &response.body()["errors"][0]["field"]),
            (400, &json!("unpack"))
        );
    }
    export["unpack"] = json!(false);
    let key = [("idempotency-key", "one")];
    assert_eq!(world.post(&export, &key).await.status(), 202);
    assert_eq!(world.post(&export, &key).await.status(), 202);
    export["unpack"] = json!(true);
    assert_eq!(world.post(&export, &key).await.status(), 409);
    assert_eq!(world.accepted_exports(), 1);
}

#[tokio::test]
async fn the_manifest_lists_all_of_many_files_and_the_job_the_first_200() {
    let world = World::start().await;
    world.set_next_archive(archive_of(500, 2000));
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((job["files"].as_array().map(Vec::len), &job["files_total"]), (Some(200), &json!(500)));
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["files"].as_array().map(Vec::len), Some(500));
    assert_eq!(manifest["files"][499]["name"], "file-499.bin");
    world.assert_files_match_manifest(&manifest).await;
    // Read in blocks, not file by file: end record, directory, and a MiB of files.
    assert!(world.cloud.requests().count(Service::S3, "GetObject") < 510);
}

#[tokio::test]
async fn files_of_every_size_land_byte_for_byte() {
    let world = World::start().await;
    let noise: Vec<u8> = (0..70 * MIB as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let items = [
        Item::stored("small.bin", &noise[..1000]),
        Item::stored("long.bin", &noise[..9 * MIB]),
        Item::deflated("deflated.bin", &noise[..6 * MIB]),
        Item::stored("between.bin", &noise[..4 * MIB]),
        Item::stored("parts.bin", &noise),
    ];
    world.set_next_archive(pack(&items));
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;
    world.assert_files_match_manifest(&world.read_manifest(&job).await).await;
    let last = world.read_object(job["files"][4]["key"].as_str().expect("a key")).await;
    assert!(last == noise, "the stored bytes differ");
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_larger_than_memory_is_unpacked_within_96_mib() {
    let world = World::start_with(|mut options| {
        options.workers = Workers::Processes(PathBuf::from(env!("CARGO_BIN_EXE_webhook-process")));
        options
    })
    .await;
    let noise: Vec<u8> = (0..100 * MIB as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let mut items = vec![Item::stored("parts.bin", &noise)];
    items.extend((0..60).map(|i| Item::stored(format!("{i}.bin"), &noise[i * MIB..][..MIB])));
    items.extend((0..4).map(|i| Item::stored(format!("long-{i}.bin"), &noise[i * MIB..][..10 * MIB])));
    world.set_next_archive(pack(&items));
    let id = world.submit_export(3).await;
    let mut peak = 0;
    let job = until("the job is stored", || {
        peak =
            peak.max(world.processes.as_ref().and_then(harness::WorkerProcesses::peak_memory).unwrap_or(0));
        async { Some(world.job(&id).await).filter(|job| job["status"] == "stored") }
    })
    .await;
    assert_eq!(job["files_total"], 65);
    // An unoptimised process without work takes some 30 MiB.
    assert!(peak < 96 * MIB as u64, "{} MiB", peak / MIB as u64);
}

#[tokio::test]
async fn landing_again_writes_nothing_and_returns_the_same_result() {
    let world = World::start().await;
    let noise: Vec<u8> = (0..6 * MIB as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    world.set_next_archive(pack(&[Item::deflated("a.bin", &noise[..MIB]), Item::stored("long.bin", &noise)]));
    let id = world.submit_export(2).await;
    let first = world.wait_for_status(&id, "stored").await;
    let manifest = world.read_object(first["manifest"]["key"].as_str().expect("a key")).await;
    let second = world.land_again(&id).await;
    for field in ["archive", "files", "files_total", "manifest", "error"] {
        assert_eq!(first[field], second[field], "{field}");
    }
    for key in world.object_keys().await {
        assert_eq!(world.cloud.object_writes(BUCKET, &key), 1, "{key}");
    }
    assert!(world.read_object(first["manifest"]["key"].as_str().expect("a key")).await == manifest);
}

#[tokio::test]
async fn unpacking_continues_after_temporary_s3_failures() {
    let world = World::start().await;
    world.set_next_archive(archive_of(40, 200_000));
    world.cloud.faults().next(Service::S3, "GetObject", Outage::DropConnections, 7);
    world.cloud.faults().next(Service::S3, "PutObject", Outage::LoseAnswers, 9);
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;
    let manifest = world.read_manifest(&job).await;
    assert_eq!(manifest["files"].as_array().map(Vec::len), Some(40));
    world.assert_files_match_manifest(&manifest).await;
}

#[tokio::test]
async fn a_foreign_object_under_a_files_key_is_not_overwritten() {
    let mut world = World::start().await;
    world.stack.pause_worker();
    world.set_next_archive(pack(&[Item::stored("a.txt", b"ours")]));
    let id = world.submit_export(1).await;
    let day = world.job(&id).await["created_at"].as_str().expect("a time")[..10].replace('-', "/");
    let key = format!("abyssale/{day}/{id}/files/a.txt");
    let put = world.aws.s3.put_object().bucket(BUCKET).key(&key).body(b"theirs".to_vec().into());
    put.send().await.expect("an object");
    world.stack.resume_worker();
    let job = world.wait_for_status(&id, "failed").await;
    assert_eq!(job["error"]["type"], "ObjectConflict");
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.contains(&key)), "{job}");
    assert_eq!(world.read_object(&key).await, b"theirs");
    assert_eq!(job["manifest"], Value::Null);
}
