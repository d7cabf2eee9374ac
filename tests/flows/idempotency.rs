//! An idempotency key makes one job of many requests, and Landfall's own failures never call the provider twice.

use bytes::Bytes;
use futures_util::future::join_all;
use harness::{
    cloud::{Outage, Service},
    until,
};
use http::Request;
use serde_json::{Value, json};

use crate::world::{World, assert_problem, without_deliveries};

const KEY: &[(&str, &str)] = &[("idempotency-key", "order 7")];

/// How often the AWS client attempts a call.
const ATTEMPTS: u32 = 3;

/// `POST /jobs` with the key and a literal body.
async fn post_text(world: &World, body: &str) -> Value {
    let request =
        Request::post(format!("{}/jobs", world.submit.url)).header("content-type", "application/json");
    let request = request.header("idempotency-key", "order 7").body(Bytes::copy_from_slice(body.as_bytes()));
    let response = world.http.send(request.expect("a request")).await.expect("a response");
    let job: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(response.status(), 202, "{job}");
    job
}

#[tokio::test]
async fn the_same_request_with_the_same_key_returns_the_same_job() {
    let world = World::start().await;
    let first = world.post(&world.export_request(2), KEY).await;
    let id = first.body()["job_id"].as_str().expect("an id");
    let stored = world.wait_for_status(id, "stored").await;
    let second = world.post(&world.export_request(2), KEY).await;

    assert_eq!(second.status(), 202);
    assert_eq!(second.headers()["location"], first.headers()["location"]);
    assert_eq!(*second.body(), without_deliveries(&stored));
    assert_eq!((world.export_requests().len(), world.job_items().await.len()), (1, 1));
}

#[tokio::test]
async fn another_request_with_the_same_key_is_a_conflict() {
    let world = World::start().await;
    world.post(&world.export_request(2), KEY).await;
    let mut other_metadata = world.export_request(2);
    other_metadata["metadata"] = json!({});
    let mut other_order = world.export_request(2);
    other_order["banner_ids"].as_array_mut().expect("a list").reverse();

    for other in [world.export_request(1), other_metadata, other_order] {
        assert_problem(&world.post(&other, KEY).await, 409, "idempotency-mismatch");
        let mut event = other.clone();
        event["command"] = json!("submit");
        event["idempotency_key"] = json!("order 7");
        let failure = world.invoke(event).await.expect_err("a failure");
        assert_eq!(failure.error_type, "Permanent.IdempotencyMismatch");
    }
    assert_eq!((world.export_requests().len(), world.job_items().await.len()), (1, 1));
}

#[tokio::test]
async fn json_member_order_and_whitespace_do_not_matter() {
    let world = World::start().await;
    let ids = json!(world.banner_ids(1)).to_string();
    let bodies = [
        format!(
            r#"{{"provider":"abyssale","kind":"export","banner_ids":{ids},"metadata":{{"a":{{"x":1,"y":2}},"b":[]}}}}"#
        ),
        format!(
            r#"{{"metadata":{{"b":[],"a":{{"y":2,"x":1}}}},"banner_ids":{ids},"kind":"export","provider":"abyssale"}}"#
        ),
        format!(
            " {{\n\"kind\" : \"export\",\t\"provider\": \"\\u0061byssale\",\r\n \"metadata\": {{ \"a\": {{\"x\": 1, \"y\": 2}}, \"b\": [ ] }}, \"banner_ids\": {ids} }} "
        ),
    ];
    let mut jobs = vec![];
    for body in &bodies {
        jobs.push(post_text(&world, body).await["job_id"].clone());
    }
    assert!(jobs.iter().all(|id| *id == jobs[0]), "{jobs:?}");
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn fifty_concurrent_requests_with_one_key_create_one_job() {
    let world = World::start().await;
    let request = world.export_request(2);
    let responses = join_all((0..50).map(|_| world.post(&request, KEY))).await;

    let first = &responses[0].body()["job_id"];
    for response in &responses {
        assert_eq!(response.status(), 202, "{}", response.body());
        assert_eq!(&response.body()["job_id"], first);
    }
    assert_eq!(
        (world.export_requests().len(), world.accepted_exports(), world.job_items().await.len()),
        (1, 1, 1)
    );
    world.wait_for_status(first.as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn without_a_key_every_request_creates_a_job() {
    let world = World::start().await;
    assert_ne!(world.submit_export(1).await, world.submit_export(1).await);
    assert_eq!((world.export_requests().len(), world.job_items().await.len()), (2, 2));
}

#[tokio::test]
async fn two_keys_create_two_jobs() {
    let world = World::start().await;
    let one = world.post(&world.export_request(1), &[("idempotency-key", "one")]).await;
    let two = world.post(&world.export_request(1), &[("idempotency-key", "One")]).await;
    assert_ne!(one.body()["job_id"], two.body()["job_id"]);
}

#[tokio::test]
async fn a_permanent_rejection_is_repeated_without_calling_the_provider() {
    let world = World::start().await;
    let errors = json!([{ "path": "ids[0]", "code": "wrong_type", "message": "Not an image." }]);
    let body = json!({ "id": "wrong_type", "message": "ids[0]: Not an image.", "errors": errors });
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 400, "body": body }));
    let first = world.post(&world.export_request(1), KEY).await;
    let second = world.post(&world.export_request(1), KEY).await;

    assert_problem(&first, 422, "provider-refused-request");
    assert_eq!(first.body(), second.body());
    assert_eq!(first.status(), second.status());
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn the_provider_is_not_called_during_a_table_outage() {
    for outage in [Outage::Refuse503, Outage::RefuseWrites503, Outage::DropConnections] {
        let world = World::start().await;
        world.cloud.faults().dynamodb(outage);
        let response = world.post(&world.export_request(1), KEY).await;
        assert_problem(&response, 503, "storage-unavailable");
        assert!(response.headers().contains_key("retry-after"), "{outage:?}");
        let mut event = world.export_request(1);
        event["command"] = json!("submit");
        let failure = world.invoke(event).await.expect_err("a failure");
        assert_eq!(failure.error_type, "Retryable.StorageUnavailable");
        assert!(world.export_requests().is_empty(), "{outage:?}");

        world.cloud.faults().clear();
        let response = world.post(&world.export_request(1), KEY).await;
        assert_eq!(response.status(), 202, "{outage:?}: {}", response.body());
        assert_eq!(world.job_items().await.len(), 1, "{outage:?}");
    }
}

#[tokio::test]
async fn a_claim_whose_response_was_lost_is_still_owned() {
    for key in [KEY, &[]] {
        let world = World::start().await;
        world.cloud.faults().next(Service::DynamoDb, "TransactWriteItems", Outage::LoseAnswers, 1);
        let response = world.post(&world.export_request(1), key).await;

        assert_eq!(response.status(), 202, "{key:?}: {}", response.body());
        assert_eq!((world.export_requests().len(), world.job_items().await.len()), (1, 1), "{key:?}");
        world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
    }
}

#[tokio::test]
async fn a_claim_whose_responses_were_all_lost_is_found_again() {
    for key in [KEY, &[]] {
        let world = World::start().await;
        world.cloud.faults().next(Service::DynamoDb, "TransactWriteItems", Outage::LoseAnswers, ATTEMPTS);
        let response = world.post(&world.export_request(1), key).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        let id = response.body()["job_id"].as_str().expect("an id");
        world.wait_for_status(id, "stored").await;
        assert_eq!((world.export_requests().len(), world.job_items().await.len()), (1, 1));
        if !key.is_empty() {
            assert_eq!(world.post(&world.export_request(1), key).await.body()["job_id"], id);
            assert_eq!(world.export_requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_claim_that_failed_is_blocked_from_being_written_later() {
    let world = World::start().await;
    world.cloud.faults().next(Service::DynamoDb, "TransactWriteItems", Outage::DropConnections, ATTEMPTS);
    // The item that blocks the job's id is written, and the response to that write is lost, too.
    world.cloud.faults().next(Service::DynamoDb, "PutItem", Outage::LoseAnswers, 1);
    assert_problem(&world.post(&world.export_request(1), KEY).await, 503, "storage-unavailable");
    assert!(world.export_requests().is_empty());
    let jobs = world.job_items().await;
    assert_eq!((jobs.len(), jobs[0]["status"].as_s().expect("a text").as_str()), (1, "failed"));

    let response = world.post(&world.export_request(1), KEY).await;
    assert_eq!(response.status(), 202, "{}", response.body());
    world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn a_provider_job_id_that_could_not_be_written_is_returned_and_completed_by_the_callback() {
    let world = World::start().await;
    // The claim is a transaction, so the first single write is the one that records the provider job id.
    world.cloud.faults().next(Service::DynamoDb, "PutItem", Outage::Refuse503, ATTEMPTS);
    world.admin(http::Method::PUT, "/knobs", json!({ "export_latency_seconds": 3600 }));
    let response = world.post(&world.export_request(1), KEY).await;

    let job = response.body();
    assert_eq!((response.status().as_u16(), &job["status"]), (202, &json!("submitted")), "{job}");
    let id = job["job_id"].as_str().expect("an id");
    assert_eq!(world.job(id).await["status"], "submitting", "the job item was not written");

    world.admin(http::Method::POST, "/clock/advance", json!({ "to": "next_delivery" }));
    let stored = world.wait_for_status(id, "stored").await;
    assert_eq!(stored["provider_job_id"], job["provider_job_id"]);
    assert_eq!(world.export_requests().len(), 1);
}

#[tokio::test]
async fn a_key_that_could_not_be_freed_does_not_block_a_retry() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    world.cloud.faults().next(Service::DynamoDb, "DeleteItem", Outage::Refuse503, ATTEMPTS);
    assert_problem(&world.post(&world.export_request(1), KEY).await, 429, "provider-throttled");

    // The response told the caller to retry.
    let response = world.post(&world.export_request(1), KEY).await;
    assert_eq!(response.status(), 202, "{}", response.body());
    assert_eq!(world.accepted_exports(), 1);
}

#[tokio::test]
async fn an_incomplete_secret_is_reported_before_anything_is_written() {
    let lacks_api_key = |secret: &mut Value| secret["providers"]["abyssale"]["api_key"] = json!("");
    let lacks_provider = |secret: &mut Value| secret["providers"] = json!({});
    let lacks_callback_key = |secret: &mut Value| secret["callback_key"] = json!("");
    let no_object = |secret: &mut Value| *secret = json!("not an object");
    // An incomplete configuration of a new deployment is no internal error: any caller can trigger it.
    type SecretChange<'a> = (&'a dyn Fn(&mut Value), u16, &'a str);
    let changes: [SecretChange<'_>; 4] = [
        (&lacks_api_key, 424, "provider-credentials"),
        (&lacks_provider, 424, "provider-credentials"),
        (&lacks_callback_key, 500, "misconfigured"),
        (&no_object, 500, "misconfigured"),
    ];
    for (change, status, kind) in changes {
        let world = World::start().await;
        let mut secret = world.secret().await;
        change(&mut secret);
        world.put_secret(&secret).await;

        let response = world.post(&world.export_request(1), KEY).await;
        assert_problem(&response, status, kind);
        assert!(world.table_items().await.is_empty() && world.export_requests().is_empty(), "{secret}");
    }
}

#[tokio::test]
async fn nothing_is_written_while_the_secret_is_unreadable() {
    let world = World::start().await;
    world.cloud.faults().set(Service::SecretsManager, Outage::Refuse503);
    let response = world.post(&world.export_request(1), KEY).await;
    assert_problem(&response, 503, "storage-unavailable");
    assert!(world.table_items().await.is_empty() && world.export_requests().is_empty());

    world.cloud.faults().clear();
    // The failure is cached for a short time.
    let accepted =
        || async { (world.post(&world.export_request(1), KEY).await.status() == 202).then_some(()) };
    until("the secret is read again", accepted).await;
    assert_eq!(world.export_requests().len(), 1);
}
