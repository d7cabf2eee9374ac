//! Archives that are larger than the operator allows.

use serde_json::json;

use super::assert_mentions;
use crate::world::World;

async fn world_with_size_limit() -> World {
    World::start_with(|options| options.variable("MAX_ARCHIVE_BYTES", "1000")).await
}

#[tokio::test]
async fn an_archive_that_says_it_is_too_large_is_not_fetched() {
    let world = world_with_size_limit().await;
    assert_mentions(&world.fail_landing(json!([]), "SourceTooLarge").await, &["larger", "1000"]);
}

#[tokio::test]
async fn an_archive_that_does_not_say_so_is_stopped_on_the_way() {
    let world = world_with_size_limit().await;
    world.hide_archive_length();
    assert_mentions(&world.fail_landing(json!([]), "SourceTooLarge").await, &["larger", "1000"]);
}
