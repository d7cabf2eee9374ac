//! The task result of a waiting state, for each end of a job.

use harness::{BUCKET, cloud::CallbackReport, until};
use http::Method;
use serde_json::{Value, json};

use super::{CALLBACK, TOKEN};
use crate::world::{World, assert_problem, error_fields};

#[tokio::test]
async fn a_task_state_gets_the_job_and_its_manifest() {
    let world = World::start().await;
    let job =
        world.invoke(world.waiting_export_request(2, json!({ "task_token": TOKEN }))).await.expect("a job");
    assert_eq!(job["notify"], json!({ "waiting": 1, "webhook_url": null, "partial_is_success": false }));
    let id = job["job_id"].as_str().expect("an id");
    let output = world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(id).await;
    let mut stored = world.job(id).await;
    assert_eq!(output["manifest"], json!({ "bucket": BUCKET, "key": stored["manifest"]["key"] }));
    world.read_object(output["manifest"]["key"].as_str().expect("a key")).await;
    // The result shows the job at its end, when the state still waited.
    stored["notify"] = output["job"]["notify"].clone();
    // Deliveries are shown only by `GET /jobs/{id}`.
    stored.as_object_mut().expect("a job").remove("deliveries");
    assert_eq!(output["job"], stored);
}

#[tokio::test]
async fn a_task_token_may_be_sent_over_http() {
    let world = World::start().await;
    let mut body = world.export_request(1);
    body["notify"] = json!({ "task_token": TOKEN });
    let response = world.post(&body, &[]).await;
    assert_eq!(response.status(), 202, "{}", response.body());
    assert_eq!(world.wait_for_task_success(TOKEN).await["job"]["job_id"], response.body()["job_id"]);
}

#[tokio::test]
async fn a_partial_job_fails_its_task_and_names_its_manifest() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    world.invoke(world.waiting_export_request(2, json!({ "task_token": TOKEN }))).await.expect("a job");
    let (error, cause) = world.wait_for_task_failure(TOKEN).await;
    assert_eq!((error.as_str(), &cause["job"]["status"]), ("Landfall.Partial", &json!("partial")));
    assert_eq!(cause["manifest"]["bucket"], BUCKET);
}

#[tokio::test]
async fn a_partial_job_succeeds_if_the_task_accepts_it() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    let notify = json!({ "task_token": TOKEN, "partial_is_success": true });
    world.invoke(world.waiting_export_request(2, notify)).await.expect("a job");
    assert_eq!(world.wait_for_task_success(TOKEN).await["job"]["status"], "partial");
}

#[tokio::test]
async fn a_failed_job_has_an_error_name_to_catch() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "expired" }));
    world.invoke(world.waiting_export_request(2, json!({ "task_token": TOKEN }))).await.expect("a job");
    let (error, cause) = world.wait_for_task_failure(TOKEN).await;
    assert_eq!(error, "Landfall.Failed.SourceGone");
    assert_eq!((&cause["job"]["error"]["type"], &cause["manifest"]), (&json!("SourceGone"), &Value::Null));
}

#[tokio::test]
async fn an_expired_job_fails_its_task_and_still_lands() {
    let world = World::start_with(|options| {
        options.variable("CALLBACK_TIMEOUT_SECONDS", "1").variable("RESCUE_AFTER_SECONDS", "0")
    })
    .await;
    let (id, url) = world.submit_waiting_export_without_callback(json!({ "task_token": TOKEN })).await;
    until("the job expires", || async {
        world.sweep(3600).await;
        (world.job(&id).await["status"] == "expired").then_some(())
    })
    .await;
    assert_eq!(world.wait_for_task_failure(TOKEN).await.0, "Landfall.Expired");
    world.redeliver(&url, 1);
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.task_results(TOKEN).len(), 1);
}

#[tokio::test]
async fn a_cancelled_job_fails_tasks_and_durable_functions_with_the_same_error() {
    let world = World::start().await;
    let notify = json!({ "task_token": TOKEN, "callback_id": CALLBACK });
    let (id, url) = world.submit_waiting_export_without_callback(notify).await;
    world.cancel_job(&id).await;
    let (error, cause) = world.wait_for_task_failure(TOKEN).await;
    assert_eq!(error, "Landfall.Cancelled");
    assert_eq!((&cause["job"]["job_id"], &cause["job"]["status"]), (&json!(id), &json!("cancelled")));
    let report =
        until("the durable function gets its result", || async { world.callback_results(CALLBACK).pop() })
            .await;
    let CallbackReport::Failure { error, .. } = report else { panic!("no failure: {report:?}") };
    assert_eq!(error["ErrorType"], "Landfall.Cancelled");
    world.wait_until_no_waiters(&id).await;

    world.redeliver(&url, 1);
    until("the late delivery is recorded", || async {
        world.job(&id).await["deliveries"].as_array().is_some_and(|all| all.len() == 1).then_some(())
    })
    .await;
    world.sweep(3600).await;
    assert_eq!((world.task_results(TOKEN).len(), world.callback_results(CALLBACK).len()), (1, 1));
}

#[tokio::test]
async fn a_rejected_submission_fails_the_invocation_and_sends_no_task_result() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 422, "body": { "id": "invalid" } }));
    let event = world.waiting_export_request(1, json!({ "task_token": TOKEN }));
    let failure = world.invoke(event).await.expect_err("a failure");
    assert_eq!(failure.error_type, "Permanent.ProviderRefusedRequest");
    let id = world.job_items().await[0]["pk"].as_s().expect("an id").clone();
    world.wait_until_no_waiters(&id).await;
    world.sweep(3600).await;
    assert_eq!(world.cloud.task_reports(), []);
}

#[tokio::test]
async fn a_waiting_job_that_is_rejected_later_fails_its_task() {
    let world = World::start_with(|options| {
        options.variable("ABYSSALE_REQUESTS_PER_SECOND", "1").variable("MAX_SUBMIT_WAIT_SECONDS", "0")
    })
    .await;
    world.submit_export(1).await;
    let job =
        world.invoke(world.waiting_export_request(1, json!({ "task_token": TOKEN }))).await.expect("a job");
    assert_eq!(job["status"], "waiting");
    world.inject_fault(json!({ "on": "call", "kind": "answer", "status": 422, "body": { "id": "invalid" } }));
    let (error, cause) = world.wait_for_task_failure(TOKEN).await;
    assert_eq!(error, "Landfall.Failed.ProviderRefusedRequest");
    assert_eq!(cause["job"]["job_id"], job["job_id"]);
}

#[tokio::test]
async fn a_synchronous_image_completes_its_task() {
    let world = World::start().await;
    let mut event = world.design_request("image", "static", json!({}));
    event["command"] = json!("submit");
    event["notify"] = json!({ "task_token": TOKEN });
    let job = world.invoke(event).await.expect("a job");
    assert_eq!(job["status"], "stored");
    assert_eq!(world.wait_for_task_success(TOKEN).await["job"]["job_id"], job["job_id"]);
}

#[tokio::test]
async fn a_dynamic_image_completes_its_task() {
    let world = World::start().await;
    let mut event = world.design_request("dynamic_image", "static", json!({}));
    event["command"] = json!("submit");
    event["notify"] = json!({ "task_token": TOKEN });
    let job = world.invoke(event).await.expect("a job");
    let output = world.wait_for_task_success(TOKEN).await;
    assert_eq!((&output["job"]["result"], &output["manifest"]), (&job["result"], &Value::Null));
}

#[tokio::test]
async fn invalid_notify_fields_are_named_before_the_provider_is_called() {
    let world = World::start().await;
    let mut body = world.export_request(1);
    body["notify"] = json!({
        "task_token": "", "callback_id": "not base64!", "webhook_url": "http://example.com", "partial_is_success": 1,
        "email": "a@example.com",
    });
    let response = world.post(&body, &[]).await;
    let fields = ["callback_id", "email", "partial_is_success", "task_token", "webhook_url"];
    let mut found = error_fields(assert_problem(&response, 400, "invalid-request"));
    found.sort_unstable();
    assert_eq!(found, fields.map(|field| format!("notify.{field}")));
    assert_eq!(world.admin(Method::GET, "/exports", Value::Null)["accepted_posts"], 0);
}
