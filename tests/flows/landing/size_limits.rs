//! Archives above the operator's size limit.

use serde_json::json;

use super::assert_mentions;
use crate::world::World;

async fn world_with_size_limit() -> World {
    World::start_with(|options| options.variable("MAX_ARCHIVE_BYTES", "1000")).await
}

#[tokio::test]
async fn an_archive_with_an_oversized_content_length_is_not_downloaded() {
    let world = world_with_size_limit().await;
    assert_mentions(&world.fail_landing(json!([]), "SourceTooLarge").await, &["larger", "1000"]);
}

#[tokio::test]
async fn an_oversized_archive_without_a_length_is_stopped_during_the_download() {
    let world = world_with_size_limit().await;
    world.hide_archive_length();
    assert_mentions(&world.fail_landing(json!([]), "SourceTooLarge").await, &["larger", "1000"]);
}
