//! `failed-invocations`: asynchronous invocations that failed are listed, redriven and discarded.

use std::time::Duration;

use bytes::Bytes;
use harness::{
    FAILED_INVOCATIONS_QUEUE, StackOptions,
    cloud::{Outage, Service},
    until,
};
use http::Request;
use serde_json::{Value, json};

use crate::operator_workspace::Workspace;

impl Workspace {
    /// A workspace whose failed asynchronous invocations are retried at once.
    async fn start_with_prompt_retries() -> Self {
        let prompt = |options| StackOptions { async_retry_delays: vec![Duration::ZERO; 2], ..options };
        Self::start_with(prompt).await
    }

    /// Invokes the function asynchronously, and waits until its failure is in the queue.
    async fn fail_asynchronously(&self, event: &Value) {
        let visible = || self.stack.cloud.queue_depth(FAILED_INVOCATIONS_QUEUE).expect("the queue").visible;
        let before = visible();
        let url = format!("{}/2015-03-31/functions/submit/invocations", self.stack.cloud.aws_endpoint);
        let request = Request::post(url).header("x-amz-invocation-type", "Event");
        let request = request.body(Bytes::from(event.to_string())).expect("a request");
        self.stack.http.send(request).await.expect("a response");
        until("the record arrives", || async { (visible() > before).then_some(()) }).await;
    }

    fn submission(&self) -> Value {
        let mut event: Value = serde_json::from_str(&self.export_request(1)).expect("JSON");
        event["command"] = json!("submit");
        event
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_invocation_is_listed_and_redriven_once_the_outage_is_over() {
    let workspace = Workspace::start_with_prompt_retries().await;
    workspace.stack.cloud.faults().next(Service::DynamoDb, "TransactWriteItems", Outage::Refuse503, 9);
    workspace.fail_asynchronously(&workspace.submission()).await;

    let listed = workspace.landfall(&["failed-invocations", "list"]).await.expect_exit(0).document();
    let invocation = &listed["failed_invocations"][0];
    assert_eq!(invocation["error"]["type"], "Retryable.StorageUnavailable");
    let redriven = workspace.landfall(&["failed-invocations", "redrive"]).await.expect_exit(0).document();
    assert_eq!(redriven["results"][0]["request_id"], invocation["request_id"]);
    let job = redriven["results"][0]["job_id"].as_str().expect("a job");
    workspace.landfall(&["wait", job]).await.expect_exit(0);
    let listed = workspace.landfall(&["failed-invocations", "list"]).await.expect_exit(0).document();
    assert_eq!((listed["failed_invocations"].clone(), workspace.accepted_exports()), (json!([]), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_that_is_rejected_again_sets_the_exit_code_and_can_be_discarded() {
    let workspace = Workspace::start_with_prompt_retries().await;
    workspace.fail_asynchronously(&json!({ "command": "submit", "provider": "abyssale" })).await;
    let listed = workspace.landfall(&["failed-invocations", "list"]).await.expect_exit(0).document();
    let id = listed["failed_invocations"][0]["request_id"].as_str().expect("an id").to_owned();

    workspace.landfall(&["failed-invocations", "redrive", &id]).await.expect_exit(3);
    let result =
        workspace.landfall(&["failed-invocations", "discard", &id, "--output", "text"]).await.expect_exit(0);
    assert!(result.stdout.contains("discarded"), "{}", result.stdout);
    workspace.landfall(&["failed-invocations", "discard", &id]).await.expect_exit(4);
}
