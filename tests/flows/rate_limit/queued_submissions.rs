//! A waiting job is submitted once, whatever happens to its message, its worker and its item.

use std::net::TcpListener;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::{
    StackOptions, TABLE,
    cloud::{Outage, Service},
    until,
};
use serde_json::{Value, json};

use super::rate_limited_world;
use crate::world::{World, assert_problem};

const KEY: &[(&str, &str)] = &[("idempotency-key", "waits")];

/// How often the AWS client attempts a call.
const ATTEMPTS: u32 = 3;

/// A world in which no request waits for a reservation. Reservations are far enough apart for a slow machine.
async fn world_without_submit_wait() -> World {
    rate_limited_world(0.25, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0")).await
}

impl World {
    /// Sends another message for a waiting job.
    async fn enqueue_again(&self, id: &str) {
        let body = json!({ "job_id": id }).to_string();
        let send = self.aws.sqs.send_message().queue_url(&self.submissions_queue_url).message_body(body);
        send.send().await.expect("sent");
    }

    /// Makes a job look unchanged for longer than any submission takes.
    pub(crate) async fn backdate_job(&self, id: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self.aws.dynamodb.update_item().table_name(TABLE).key("pk", text(id));
        let update = update.key("sk", text("JOB")).update_expression("SET updated_at = :then");
        let update = update.expression_attribute_values(":then", text("2026-01-01T00:00:00Z"));
        update.send().await.expect("written");
    }

    /// Purges the submissions queue.
    pub(crate) async fn purge_submissions_queue(&self) {
        let purge = self.aws.sqs.purge_queue().queue_url(&self.submissions_queue_url);
        purge.send().await.expect("purged");
    }

    pub(crate) async fn wait_for_empty_submissions_queue(&self) {
        until("the queue is empty", || async { (self.queued_submissions().await == 0).then_some(()) }).await;
    }
}

#[tokio::test]
async fn a_waiting_job_is_shown_as_waiting_and_submitted_at_its_reservation() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(&[]).await;
    assert_eq!(world.job(&id).await["status"], "waiting");
    assert_eq!(world.export_requests().len(), 1);

    world.stack.resume_submissions();
    let job = world.wait_for_status(&id, "submitted").await;
    assert!(job["provider_job_id"].is_string() && job["error"].is_null(), "{job}");
    let requests = world.export_requests();
    let body: Value = serde_json::from_str(requests[1]["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["ids"], job["request"]["banner_ids"]);
    assert!(body["callback_url"].as_str().is_some_and(|url| url.contains(&id)), "{body}");
    world.wait_for_empty_submissions_queue().await;
}

#[tokio::test]
async fn a_direct_invocation_returns_a_waiting_job() {
    let mut world = world_without_submit_wait().await;
    world.submit_waiting_job(&[]).await;
    let mut event = world.export_request(3);
    event["command"] = json!("submit");
    let job = world.invoke(event).await.expect("a job");
    assert_eq!(job["status"], "waiting");

    world.stack.resume_submissions();
    world.wait_for_status(job["job_id"].as_str().expect("an id"), "submitted").await;
    assert_eq!(world.accepted_exports(), 3);
}

#[tokio::test]
async fn a_short_wait_for_a_reservation_is_part_of_the_request() {
    let world = rate_limited_world(2.0, |options| options.variable("MAX_SUBMIT_WAIT_SECONDS", "5")).await;
    for _ in 0..3 {
        let response = world.post(&world.export_request(1), &[]).await;
        assert_eq!((response.status().as_u16(), &response.body()["status"]), (202, &json!("submitted")));
    }
    let times = world.export_request_times();
    assert!(times[2] - times[0] >= 900, "{times:?}");
}

#[tokio::test]
async fn duplicate_queue_messages_submit_once() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(&[]).await;
    for _ in 0..12 {
        world.enqueue_again(&id).await;
    }
    world.stack.resume_submissions();
    world.wait_for_status(&id, "submitted").await;
    world.wait_for_empty_submissions_queue().await;
    assert_eq!((world.export_requests().len(), world.accepted_exports()), (2, 2));
}

#[tokio::test]
async fn a_repeated_request_finds_the_waiting_job_and_takes_no_reservation() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(KEY).await;
    for _ in 0..20 {
        let response = world.post(&world.export_request(1), KEY).await;
        assert_eq!((response.status().as_u16(), &response.body()["job_id"]), (202, &json!(id)));
    }
    assert_problem(&world.post(&world.export_request(2), KEY).await, 409, "idempotency-mismatch");
    assert_eq!(world.queued_submissions().await, 1);

    world.stack.resume_submissions();
    // If each repetition took a reservation, this would be half a minute later.
    world.wait_for_status(&id, "submitted").await;
    let times = world.export_request_times();
    assert!(times[1] - times[0] < 15_000, "{times:?}");
    let response = world.post(&world.export_request(1), KEY).await;
    assert_eq!((&response.body()["job_id"], &response.body()["status"]), (&json!(id), &json!("submitted")));
    assert_eq!(world.export_requests().len(), 2);
}

#[tokio::test]
async fn a_lost_queue_message_is_sent_again_by_a_repeated_request() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(KEY).await;
    world.purge_submissions_queue().await;
    world.stack.resume_submissions();
    assert_eq!(world.post(&world.export_request(1), KEY).await.body()["status"], "waiting");
    assert_eq!(world.queued_submissions().await, 0, "the job may be new");

    world.backdate_job(&id).await;
    assert_eq!(world.post(&world.export_request(1), KEY).await.body()["job_id"], id);
    world.wait_for_status(&id, "submitted").await;
    assert_eq!(world.accepted_exports(), 2);
}

#[tokio::test]
async fn a_lost_response_to_the_start_of_a_submission_is_recovered() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(&[]).await;
    world.cloud.faults().next(Service::DynamoDb, "PutItem", Outage::LoseAnswers, 1);
    world.stack.resume_submissions();
    world.wait_for_status(&id, "submitted").await;
    assert_eq!(world.accepted_exports(), 2);
}

#[tokio::test]
async fn a_submission_interrupted_during_the_provider_call_is_not_repeated() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(KEY).await;
    world.inject_fault(json!({ "on": "call", "kind": "late", "seconds": 15 }));
    world.stack.resume_submissions();
    until("the provider is called", || async { (world.export_requests().len() == 2).then_some(()) }).await;
    world.stack.pause_submissions();
    assert_eq!(world.job(&id).await["status"], "submitting");

    world.enqueue_again(&id).await;
    world.stack.resume_submissions();
    // The message of the interrupted worker stays hidden.
    until("the message is processed", || async { (world.queued_submissions().await == 1).then_some(()) })
        .await;
    assert_eq!((world.export_requests().len(), &world.job(&id).await["status"]), (2, &json!("submitting")));

    world.backdate_job(&id).await;
    let repeated = world.post(&world.export_request(1), KEY).await;
    assert_eq!((&repeated.body()["job_id"], &repeated.body()["status"]), (&json!(id), &json!("unknown")));
    assert_eq!(world.export_requests().len(), 2);
}

#[tokio::test]
async fn a_late_rejection_is_reported_by_the_job() {
    let mut world = world_without_submit_wait().await;
    let id = world.submit_waiting_job(KEY).await;
    let body = json!({ "id": "visual_not_found", "message": "No visual." });
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 404, "body": body }));
    world.stack.resume_submissions();

    let job = world.wait_for_status(&id, "failed").await;
    assert_eq!(job["error"]["type"], "ProviderRefusedRequest");
    assert_eq!(job["error"]["provider"]["id"], "visual_not_found");
    world.wait_for_empty_submissions_queue().await;
    let repeated = world.post(&world.export_request(1), KEY).await;
    assert_eq!(assert_problem(&repeated, 422, "provider-refused-request")["job_id"], id);
    assert_eq!(world.export_requests().len(), 2);
}

#[tokio::test]
async fn exhausted_credits_are_probed_once_although_the_job_waits_in_between() {
    let world = world_without_submit_wait().await;
    world.inject_fault(json!({ "on": "call", "kind": "credits_spent", "count": null }));
    let response = world.post(&world.export_request(1), &[]).await;
    assert_eq!((response.status().as_u16(), &response.body()["status"]), (202, &json!("waiting")));

    let job = world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "failed").await;
    assert_eq!(job["error"]["type"], "ProviderQuota");
    assert_eq!(world.export_requests().len(), 2);
}

#[tokio::test]
async fn a_job_that_the_queue_refused_fails_and_frees_its_key() {
    let mut world = world_without_submit_wait().await;
    let waiting = world.submit_waiting_job(&[]).await;
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::Refuse503, ATTEMPTS);
    let rejection = world.post(&world.export_request(3), KEY).await;
    let id =
        assert_problem(&rejection, 503, "storage-unavailable")["job_id"].as_str().expect("an id").to_owned();
    assert!(rejection.headers().contains_key("retry-after"));
    assert_eq!(world.job(&id).await["status"], "failed");

    let again = world.post(&world.export_request(3), KEY).await;
    assert_eq!((again.status().as_u16(), &again.body()["status"]), (202, &json!("waiting")));
    world.stack.resume_submissions();
    world.wait_for_status(&waiting, "submitted").await;
    world.wait_for_status(again.body()["job_id"].as_str().expect("an id"), "submitted").await;
    assert_eq!(world.export_requests().len(), 3);
}

#[tokio::test]
async fn a_message_whose_send_responses_were_lost_submits_nothing() {
    let mut world = world_without_submit_wait().await;
    world.submit_waiting_job(&[]).await;
    world.cloud.faults().next(Service::Sqs, "SendMessage", Outage::LoseAnswers, ATTEMPTS);
    let rejection = world.post(&world.export_request(3), KEY).await;
    let id =
        assert_problem(&rejection, 503, "storage-unavailable")["job_id"].as_str().expect("an id").to_owned();

    world.stack.resume_submissions();
    world.wait_for_empty_submissions_queue().await;
    assert_eq!(world.job(&id).await["status"], "failed");
    assert_eq!(world.export_requests().len(), 2);
}

#[tokio::test]
async fn a_waiting_job_survives_an_unreachable_provider() {
    let nowhere = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port");
    let nowhere = format!("http://{nowhere}");
    let change = |options: StackOptions| options.variable("MAX_SUBMIT_WAIT_SECONDS", "0");
    let world =
        rate_limited_world(2.0, |options| change(options).variable("ABYSSALE_API_URL", nowhere)).await;
    // The reservation for a second attempt is too late for the caller.
    let response = world.post(&world.export_request(1), &[]).await;
    let made = response.body();
    assert_eq!((response.status().as_u16(), &made["status"]), (202, &json!("waiting")), "{made}");
    assert_eq!(made["error"]["type"], "ProviderUnavailable");

    let id = made["job_id"].as_str().expect("an id");
    let job = until("the job waits again", || async {
        let job = world.job(id).await;
        (job["status"] == "waiting" && job["updated_at"] != made["updated_at"]).then_some(job)
    })
    .await;
    assert_eq!(
        (&job["error"]["type"], &job["error"]["retryable"]),
        (&json!("ProviderUnavailable"), &json!(true))
    );
    assert_eq!(world.queued_submissions().await, 1);
}
