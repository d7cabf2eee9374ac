//! Idempotency keys of generations and images.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, assert_problem, without_deliveries};

const KEY: &[(&str, &str)] = &[("idempotency-key", "spring")];

/// Pairs of requests with a small difference.
fn pairs(world: &World) -> Vec<(Value, Value)> {
    let generation = world.three_format_request();
    let other = world.generation_request("static", json!({ "template_format_names": ["square"] }));
    let image = world.design_request("image", "static", json!({ "image_file_type": "webp" }));
    let another = world.design_request("image", "static", json!({ "image_file_type": "png" }));
    vec![(generation, other), (image, another)]
}

#[tokio::test]
async fn the_same_key_returns_the_same_job_and_another_body_is_a_conflict() {
    for place in 0..2 {
        let world = World::start().await;
        let (request, other) = pairs(&world).remove(place);
        let first = world.post(&request, KEY).await;
        let id = first.body()["job_id"].as_str().expect("an id");
        let stored = without_deliveries(&world.wait_for_status(id, "stored").await);

        let second = world.post(&request, KEY).await;
        // An image is stored when the response is sent; a generation is only accepted.
        let status = if request["kind"] == "image" { StatusCode::OK } else { StatusCode::ACCEPTED };
        assert_eq!((second.status(), second.body()), (status, &stored));
        assert_problem(&world.post(&other, KEY).await, 409, "idempotency-mismatch");
        let mut event = request.clone();
        (event["command"], event["idempotency_key"]) = (json!("submit"), json!("spring"));
        assert_eq!(world.invoke(event).await.expect("a job"), stored);
        assert_eq!((world.work_requests().len(), world.job_items().await.len()), (1, 1));
    }
}

#[tokio::test]
async fn twenty_concurrent_requests_with_one_key_create_one_job() {
    for place in 0..2 {
        let world = World::start().await;
        let (request, _) = pairs(&world).remove(place);
        let responses = join_all((0..20).map(|_| world.post(&request, KEY))).await;
        let first = &responses[0].body()["job_id"];
        for response in &responses {
            assert!([200, 202].contains(&response.status().as_u16()), "{}", response.body());
            assert_eq!(&response.body()["job_id"], first);
        }
        world.wait_for_status(first.as_str().expect("an id"), "stored").await;
        assert_eq!((world.work_requests().len(), world.job_items().await.len()), (1, 1));
    }
}
