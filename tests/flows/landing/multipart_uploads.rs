//! Archives that need a multipart upload, because they are large or of unknown length.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::{CrcAlgorithm, checksum};
use harness::{BUCKET, cloud::Service};
use serde_json::json;

use crate::{archive_builder::archive_of, world::World};

const MIB: usize = 1024 * 1024;

/// Submits an export of three files, and checks that the bucket holds exactly these bytes.
async fn assert_lands_byte_for_byte(world: &World, archive: Vec<u8>) {
    world.set_next_archive(archive.clone());
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;
    let key = job["archive"]["key"].as_str().expect("a key");
    assert!(world.read_object(key).await == archive, "the stored bytes differ");
    let crc = BASE64_STANDARD.encode(checksum(CrcAlgorithm::Crc64Nvme, &archive).to_be_bytes());
    assert_eq!(job["archive"]["checksum"], json!({ "algorithm": "CRC64NVME", "value": crc }));
    let head = world.aws.s3.head_object().bucket(BUCKET).key(key).checksum_mode("ENABLED".into());
    let head = head.send().await.expect("an object");
    assert_eq!(head.checksum_crc64_nvme(), Some(crc.as_str()));
    assert_eq!(job["archive"]["bytes"], archive.len());
    assert_eq!(world.open_uploads().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_archive_above_64_mib_is_a_multipart_upload_with_the_same_bytes() {
    let world = World::start().await;
    assert_lands_byte_for_byte(&world, archive_of(3, 22 * MIB)).await;
    let requests = world.cloud.requests();
    assert_eq!(requests.count(Service::S3, "CreateMultipartUpload"), 1);
    // The three files and the manifest, but not the archive.
    assert_eq!(requests.count(Service::S3, "PutObject"), 4);
}

#[tokio::test]
async fn an_archive_of_unknown_length_is_a_multipart_upload_with_the_same_bytes() {
    let world = World::start().await;
    world.hide_archive_length();
    assert_lands_byte_for_byte(&world, archive_of(3, 6 * MIB)).await;
    assert_eq!(world.cloud.requests().count(Service::S3, "UploadPart"), 3);
}

#[tokio::test]
async fn an_archive_below_64_mib_is_one_put() {
    let world = World::start().await;
    assert_lands_byte_for_byte(&world, archive_of(3, 3 * MIB)).await;
    // The archive, its three files and the manifest.
    assert_eq!(world.cloud.requests().count(Service::S3, "PutObject"), 5);
    assert_eq!(world.cloud.requests().count(Service::S3, "CreateMultipartUpload"), 0);
}
