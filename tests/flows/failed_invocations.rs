//! Asynchronous invocations: a submission that fails at all attempts waits in the queue of failed invocations, and neither
//! retries nor duplicates nor a redrive submit a job twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use harness::{
    FAILED_INVOCATIONS_QUEUE, StackOptions,
    cloud::{FunctionError, Outage, Service},
    invoke_handler, until,
};
use http::Request;
use serde_json::{Value, json};

use crate::world::World;

const TOKEN: &str = "AQCgAAAAKgAAAAMAAAAAAAAAAW/T+s3cret==";
const WEBHOOK_URL: &str = "https://example.com/hook?key=s3cret-key";
/// How often the AWS client sends a request.
const REQUEST_ATTEMPTS: u32 = 3;

/// Retries of asynchronous invocations follow at once.
fn without_delays(options: StackOptions) -> StackOptions {
    StackOptions { async_retry_delays: vec![Duration::ZERO; 2], ..options }
}

impl World {
    async fn start_with_prompt_retries() -> Self {
        Self::start_with(without_delays).await
    }

    /// A submission without an idempotency key.
    fn keyless_submission(&self) -> Value {
        let mut event = self.export_request(1);
        event["command"] = json!("submit");
        event
    }

    /// Invokes `submit` asynchronously. Returns the request id.
    async fn invoke_asynchronously(&self, event: &Value) -> String {
        let url = format!("{}/2015-03-31/functions/submit/invocations", self.cloud.aws_endpoint);
        let request = Request::post(url).header("x-amz-invocation-type", "Event");
        let request = request.body(Bytes::from(event.to_string())).expect("a request");
        let response = self.http.send(request).await.expect("a response");
        assert_eq!(response.status(), 202);
        response.headers()["x-amzn-requestid"].to_str().expect("a text").to_owned()
    }

    /// The number of failed invocations that are visible, which raises `FailedInvocationsAlarm`.
    fn visible_failed_invocations(&self) -> usize {
        self.cloud.queue_depth(FAILED_INVOCATIONS_QUEUE).expect("the queue").visible
    }

    async fn wait_for_failed_invocations(&self, count: usize) {
        until("the records arrive", || async { (self.visible_failed_invocations() == count).then_some(()) })
            .await;
    }

    async fn failed_invocations(&self) -> Vec<Value> {
        let listed = self.invoke(json!({ "command": "failed_invocations", "action": "list" })).await;
        listed.expect("a list")["failed_invocations"].as_array().expect("a list").clone()
    }

    async fn redrive(&self, id: Option<&str>) -> Result<Value, FunctionError> {
        self.invoke(json!({ "command": "failed_invocations", "action": "redrive", "request_id": id })).await
    }

    /// Makes the execution environment of `submit` crash at the end of its next invocations, when the work is done.
    fn crash_after_next_invocations(&self, invocations: u32) -> Arc<AtomicU32> {
        let (crashes, attempts) = (Arc::new(AtomicU32::new(invocations)), Arc::new(AtomicU32::new(0)));
        let (submit, counted) = (self.submit_function.clone(), attempts.clone());
        self.cloud.register_function(
            "submit",
            invoke_handler(Arc::new(move |event| {
                let (submit, crashes) = (submit.clone(), crashes.clone());
                counted.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move {
                    let result = submit(event).await;
                    let left = crashes
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                    if left.is_err() {
                        return result;
                    }
                    Err(FunctionError {
                        error_type: "Runtime.ExitError".to_owned(),
                        error_message: "RequestId: 1 Error: Runtime exited".to_owned(),
                    })
                })
            })),
        );
        attempts
    }
}

#[tokio::test]
async fn an_invocation_that_fails_at_all_attempts_is_listed_with_its_error_and_without_its_secrets() {
    let world = World::start_with_prompt_retries().await;
    world.cloud.faults().next(
        Service::DynamoDb,
        "TransactWriteItems",
        Outage::Refuse503,
        3 * REQUEST_ATTEMPTS,
    );
    let mut event = world.keyless_submission();
    event["notify"] = json!({ "task_token": TOKEN, "webhook_url": WEBHOOK_URL });
    world.invoke(json!({ "command": "webhook_secret", "action": "rotate" })).await.expect("a secret");
    let id = world.invoke_asynchronously(&event).await;
    world.wait_for_failed_invocations(1).await;

    let listed = world.failed_invocations().await;
    let [invocation] = &listed[..] else { panic!("not one: {listed:?}") };
    assert_eq!(invocation["request_id"], id.as_str());
    assert_eq!((&invocation["command"], &invocation["provider"]), (&json!("submit"), &json!("abyssale")));
    assert_eq!((&invocation["attempts"], &invocation["condition"]), (&json!(3), &json!("RetriesExhausted")));
    assert_eq!(invocation["error"]["type"], "Retryable.StorageUnavailable");
    let text = invocation.to_string();
    assert!(!text.contains(TOKEN) && !text.contains("s3cret-key"), "{text}");
    assert_eq!(world.visible_failed_invocations(), 1, "a list hides nothing");
}

#[tokio::test]
async fn a_passing_fault_is_over_at_the_second_attempt() {
    let world = World::start_with_prompt_retries().await;
    world.cloud.faults().next(Service::DynamoDb, "TransactWriteItems", Outage::Refuse503, REQUEST_ATTEMPTS);
    world.invoke_asynchronously(&world.keyless_submission()).await;
    // The first attempt leaves a failed job, whose work was not submitted.
    until("a job is stored", || async {
        let stored = world.invoke(json!({ "command": "list", "status": "stored" })).await.expect("a page");
        stored["jobs"].get(0).is_some().then_some(())
    })
    .await;
    assert_eq!((world.accepted_exports(), world.visible_failed_invocations()), (1, 0));
}

#[tokio::test]
async fn attempts_that_crash_after_the_submission_submit_one_job() {
    let world = World::start_with_prompt_retries().await;
    let attempts = world.crash_after_next_invocations(2);
    world.invoke_asynchronously(&world.keyless_submission()).await;
    until("the third attempt has ended", || async {
        (attempts.load(Ordering::Relaxed) == 3 && world.job_items().await.len() == 1).then_some(())
    })
    .await;
    assert_eq!((world.accepted_exports(), world.visible_failed_invocations()), (1, 0));
}

#[tokio::test]
async fn a_redrive_after_attempts_that_had_submitted_finds_their_job() {
    let world = World::start_with_prompt_retries().await;
    world.crash_after_next_invocations(3);
    let id = world.invoke_asynchronously(&world.keyless_submission()).await;
    world.wait_for_failed_invocations(1).await;
    assert_eq!(world.accepted_exports(), 1);

    let redriven = world.redrive(None).await.expect("results");
    let result = &redriven["results"][0];
    assert_eq!((&result["request_id"], &result["status"]), (&json!(id), &json!("redriven")), "{redriven}");
    world.wait_for_status(result["job_id"].as_str().expect("a job"), "stored").await;
    assert_eq!((world.accepted_exports(), world.job_items().await.len()), (1, 1));
    assert_eq!(world.failed_invocations().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_redrive_after_an_outage_submits_each_job_once() {
    let world = World::start_with_prompt_retries().await;
    world.cloud.faults().dynamodb(Outage::Refuse503);
    for key in [None, Some("spring-1")] {
        let mut event = world.keyless_submission();
        event["idempotency_key"] = json!(key);
        world.invoke_asynchronously(&event).await;
    }
    world.wait_for_failed_invocations(2).await;
    let failed = world.redrive(None).await.expect("results");
    let statuses: Vec<&Value> =
        failed["results"].as_array().expect("results").iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, ["failed", "failed"], "the outage lasts");

    world.cloud.faults().clear();
    // Their redrive failed, so they are hidden for two minutes.
    world.cloud.advance_queue_clock(FAILED_INVOCATIONS_QUEUE, Duration::from_secs(120));
    let redriven = world.redrive(None).await.expect("results");
    assert_eq!(
        (redriven["results"].as_array().map(Vec::len), &redriven["complete"]),
        (Some(2), &json!(true))
    );
    assert_eq!(world.accepted_exports(), 2);
    assert_eq!(world.failed_invocations().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_invalid_invocation_stays_until_it_is_discarded() {
    let world = World::start_with_prompt_retries().await;
    let invalid = world.invoke_asynchronously(&json!({ "command": "submit", "provider": "abyssale" })).await;
    let other = world.invoke_asynchronously(&json!({ "command": "sing" })).await;
    world.wait_for_failed_invocations(2).await;
    let redriven = world.redrive(Some(&invalid)).await.expect("results");
    assert_eq!(redriven["results"][0]["error"]["type"], "Permanent.InvalidRequest");

    let discard = json!({ "command": "failed_invocations", "action": "discard", "request_id": invalid });
    world.invoke(discard.clone()).await.expect("a result");
    let left = world.failed_invocations().await;
    assert_eq!(left.iter().map(|left| &left["request_id"]).collect::<Vec<_>>(), [&other]);
    assert_eq!(world.invoke(discard).await.expect_err("a failure").error_type, "Permanent.NotFound");
}

#[tokio::test]
async fn synchronous_invocations_without_a_key_are_separate_jobs() {
    let world = World::start().await;
    let event = world.keyless_submission();
    let jobs = [world.invoke(event.clone()).await.expect("a job"), world.invoke(event).await.expect("a job")];
    assert_ne!(jobs[0]["job_id"], jobs[1]["job_id"]);
    assert_eq!(world.accepted_exports(), 2);
}
