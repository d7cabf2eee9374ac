//! A recorded delivery can be replayed when its processing was lost.

use harness::cloud::{Outage, Service};
use harness::{DELIVERY_QUEUE, TABLE, until};
use serde_json::{Value, json};

use crate::world::{Item, World, assert_problem};

/// How often the AWS client attempts a call.
const ATTEMPTS: u32 = 3;

/// Submits a job whose delivery is recorded but was lost before it was processed. Returns its id.
async fn lose_delivery(world: &mut World) -> String {
    let (id, url) = world.submit_export_without_callback(2).await;
    let faults = world.cloud.faults();
    // The delivery is written, the change of the job is not.
    faults.next(Service::DynamoDb, "PutItem", Outage::None, 1);
    faults.next(Service::DynamoDb, "PutItem", Outage::Refuse503, ATTEMPTS);
    world.redeliver(&url, 1);
    until("the delivery waits for a retry", || async {
        let hidden = world.cloud.requests().count(Service::Sqs, "ChangeMessageVisibility") > 0;
        (hidden && world.recorded_deliveries(&id).await.len() == 1).then_some(())
    })
    .await;
    world.stack.pause_worker();
    world.aws.sqs.purge_queue().queue_url(&world.delivery_queue_url).send().await.expect("purged");
    assert_eq!(
        world.cloud.queue_depth(DELIVERY_QUEUE).map(|depth| depth.visible + depth.in_flight + depth.delayed),
        Some(0)
    );
    world.stack.resume_worker();
    assert_eq!(world.job(&id).await["status"], "submitted");
    id
}

/// Removes the bodies of a job's deliveries, as if they were neither text nor stored in the bucket.
async fn remove_delivery_bodies(world: &World, id: &str) {
    let delivery_method = |item: &Item| {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        text("pk").is_some_and(|pk| pk == id) && text("sk").is_some_and(|sk| sk.starts_with("DELIVERY#"))
    };
    for item in world.table_items().await.into_iter().filter(delivery_method) {
        let update = world.aws.dynamodb.update_item().table_name(TABLE);
        let update = update.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
        update.update_expression("REMOVE body").send().await.expect("written");
    }
}

#[tokio::test]
async fn a_replayed_delivery_lands_its_job() {
    let mut world = World::start_with(|options| options.variable("RETRY_BASE_SECONDS", "600")).await;
    let id = lose_delivery(&mut world).await;
    let before = world.job(&id).await["deliveries"].clone();
    assert_eq!((&before[0]["name"], &before[0]["replayable"]), (&json!("NEW_EXPORT"), &json!(true)));

    let response = world.post_operation(&id, "replay", Value::Null).await;
    assert_eq!(
        (response.status().as_u16(), &response.body()["job_id"]),
        (202, &json!(id)),
        "{}",
        response.body()
    );
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["deliveries"], before, "no other delivery is recorded");

    let named = world.post_operation(&id, "replay", json!({ "delivery_id": before[0]["id"] })).await;
    assert_eq!(named.status(), 202, "a stored job accepts the replay");
    world.wait_for_empty_queue().await;
    assert_eq!(world.job(&id).await["status"], "stored");
}

#[tokio::test]
async fn an_unknown_delivery_or_one_without_a_body_is_not_replayed() {
    let world = World::start().await;
    let (id, url) = world.submit_export_without_callback(1).await;
    assert_problem(&world.post_operation(&id, "replay", Value::Null).await, 404, "not-found");
    for delivery in ["", "nonsense", "-", "000000000000001-x"] {
        assert_problem(
            &world.post_operation(&id, "replay", json!({ "delivery_id": delivery })).await,
            404,
            "not-found",
        );
    }
    assert_problem(
        &world.post_operation(&id, "replay", json!({ "delivery_id": 7 })).await,
        400,
        "invalid-request",
    );

    world.redeliver(&url, 1);
    world.wait_for_status(&id, "stored").await;
    remove_delivery_bodies(&world, &id).await;
    assert_eq!(world.job(&id).await["deliveries"][0]["replayable"], false);
    assert_problem(&world.post_operation(&id, "replay", Value::Null).await, 409, "job-conflict");
}
