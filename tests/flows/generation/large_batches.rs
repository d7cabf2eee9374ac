//! Batches with more banners than fit into a job's item.

use serde_json::json;

use super::{file_server::FileServer, names};
use crate::world::World;

#[tokio::test]
async fn four_hundred_banners_land_and_the_manifest_lists_them_all() {
    let server = FileServer::start().await;
    let world = World::start_with(|options| options.variable("TRUSTED_ORIGINS", server.origin.clone())).await;
    let (id, url) =
        world.submit_generation_without_callback(&world.generation_request("static", json!({}))).await;
    let batch = server.batch(400, "g");
    assert_eq!(world.deliver(json!({ "url": url, "sign": true, "body": batch })).await, 200);

    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!((&job["files_total"], job["files"].as_array().map(Vec::len)), (&json!(400), Some(200)));
    let manifest = world.read_manifest(&job).await;
    let listed = names(&manifest);
    assert_eq!((listed.len(), listed[0], listed[399]), (400, "sheet-0000.pdf", "sheet-0399.pdf"));
    assert_eq!(manifest["completeness"], json!({ "expected": 400, "landed": 400, "missing": 0 }));
    let mut keys = world.object_keys().await;
    keys.retain(|key| key.contains("/files/"));
    assert_eq!((keys.len(), server.request_count()), (400, 400));
    // The item names a list in the bucket, since the sources do not fit into it.
    let sources = world.job_item(&id).await["sources"].as_l().expect("a list").clone();
    assert_eq!(sources.len(), 1, "{sources:?}");

    let of = json!({ "provider": "abyssale", "kind": "export", "of_job": id });
    let rejection = world.post(&of, &[]).await;
    assert_eq!(rejection.status(), 400, "{}", rejection.body());
    assert_eq!(world.accepted_exports(), 0);
}
