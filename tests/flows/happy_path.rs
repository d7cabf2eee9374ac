//! An export lands, from the request to the archive in the bucket.

use std::io::Cursor;

use zip::ZipArchive;

use crate::world::World;

#[tokio::test]
async fn an_export_lands_with_status_size_checksum_and_key() {
    let world = World::start().await;
    let id = world.submit_export(3).await;
    let job = world.wait_for_status(&id, "stored").await;

    let key = job["archive"]["key"].as_str().expect("a key");
    let bytes = world.read_object(key).await;
    assert_eq!(job["archive"]["bytes"], bytes.len());
    assert_eq!(job["archive"]["entries"], 3);
    assert_eq!(job["archive"]["content_type"], "application/zip");
    assert_eq!(job["archive"]["checksum"]["algorithm"], "CRC64NVME");
    assert_eq!(job["files_total"], 3);
    assert_eq!(job["files"][0]["checksum"]["algorithm"], "CRC64NVME");
    assert_eq!(world.read_manifest(&job).await["archive"]["key"], key);
    assert_eq!(job["error"], serde_json::Value::Null);
    let archive = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP archive");
    assert_eq!(archive.len(), 3);
}
