//! Workers that are killed while they unpack: the next attempt continues, and every file is written once.

use harness::{cloud::Service, until};
use serde_json::json;

use super::{
    MIB,
    zip_builder::{Item, pack},
};
use crate::{worker_crashes::with_worker_processes, world::World};

/// Bytes that do not repeat, the same for the same file.
fn noise(file: u32, length: usize) -> Vec<u8> {
    let first = file.wrapping_mul(0x9e37_79b9);
    (0..length as u32).map(|i| (first.wrapping_add(i).wrapping_mul(2_654_435_761) >> 11) as u8).collect()
}

impl World {
    /// Submits an export with this archive. Returns the job's id.
    async fn submit_archive(&self, items: &[Item]) -> String {
        self.set_next_archive(pack(items));
        self.submit_export(3).await
    }

    /// How many unpacked files are in the bucket.
    async fn unpacked_file_count(&self) -> usize {
        self.object_keys().await.iter().filter(|key| key.contains("/files/")).count()
    }

    /// Checks that a job is stored with exactly these files, each complete and written once.
    async fn assert_all_files_stored(&self, id: &str, files: &[(String, Vec<u8>)]) {
        let job = self.wait_for_status(id, "stored").await;
        assert_eq!((&job["files_total"], &job["error"]), (&json!(files.len()), &json!(null)));
        let manifest = self.read_manifest(&job).await;
        self.assert_files_match_manifest(&manifest).await;
        let listed = manifest["files"].as_array().expect("files");
        assert_eq!(listed.len(), files.len());
        for (listed, (name, bytes)) in listed.iter().zip(files) {
            assert_eq!(listed["name"], name.as_str());
            assert!(
                self.read_object(listed["key"].as_str().expect("a key")).await == *bytes,
                "{name} is another"
            );
        }
        assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": files.len(), "missing": 0 }));
        // Also the archive and the manifest.
        assert_eq!(self.object_keys().await.len(), files.len() + 2);
        assert_eq!(self.open_uploads().await, Vec::<String>::new());
        self.wait_for_empty_queue().await;
    }
}

#[tokio::test]
async fn unpacking_small_files_completes_after_killed_workers() {
    let world = World::start_with(with_worker_processes).await;
    let files: Vec<(String, Vec<u8>)> = (0..400).map(|i| (format!("{i}.bin"), noise(i, 6000))).collect();
    let items: Vec<Item> = files.iter().map(|(name, bytes)| Item::deflated(name, bytes)).collect();
    let id = world.submit_archive(&items).await;
    for some in [40, 200] {
        let stored = until("some files are stored", || async {
            Some(world.unpacked_file_count().await).filter(|stored| *stored >= some)
        })
        .await;
        world.kill_worker();
        assert!(stored < files.len(), "all files were stored before the worker was killed");
        assert_eq!(world.job(&id).await["status"], "landing");
    }
    world.assert_all_files_stored(&id, &files).await;
}

#[tokio::test]
async fn a_worker_killed_during_a_large_file_leaves_no_upload_open() {
    let world = World::start_with(with_worker_processes).await;
    // Large enough for a multipart upload, in an archive that needs none.
    let long = noise(1, 16 * 1024).repeat(96 * 64);
    let files = [
        ("first.bin".to_owned(), noise(2, 2 * MIB)),
        ("long.bin".to_owned(), long),
        ("last.bin".to_owned(), noise(3, 300)),
    ];
    let items = files.each_ref().map(|(name, bytes)| Item::deflated(name, bytes));
    let id = world.submit_archive(&items).await;
    until("a part of the large file is uploaded", || async {
        (world.cloud.requests().count(Service::S3, "UploadPart") > 1).then_some(())
    })
    .await;
    world.kill_worker();
    assert_eq!(world.open_uploads().await.len(), 1, "the large file was stored before the worker was killed");
    world.assert_all_files_stored(&id, &files).await;
    assert_eq!(world.cloud.requests().count(Service::S3, "CreateMultipartUpload"), 2);
}
