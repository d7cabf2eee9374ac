//! Durable functions of Lambda, which wait with callback ids.

use harness::{BUCKET, cloud::CallbackReport, until};
use serde_json::{Value, json};

use super::{CALLBACK, TOKEN};
use crate::world::World;

#[tokio::test]
async fn a_durable_function_gets_the_job_and_its_manifest() {
    let world = World::start().await;
    let event = world.waiting_export_request(2, json!({ "callback_id": CALLBACK, "task_token": TOKEN }));
    let job = world.invoke(event).await.expect("a job");
    let output = world.wait_for_task_success(TOKEN).await;
    let report =
        until("the function is called back", || async { world.callback_results(CALLBACK).pop() }).await;
    let CallbackReport::Success { result, .. } = report else { panic!("no success: {report:?}") };
    assert_eq!((&result["job"]["job_id"], &result["manifest"]["bucket"]), (&job["job_id"], &json!(BUCKET)));
    assert_eq!(result["manifest"], output["manifest"]);
    world.wait_until_no_waiters(job["job_id"].as_str().expect("an id")).await;
}

#[tokio::test]
async fn a_durable_function_gets_failures_under_the_same_error_name() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }));
    world.invoke(world.waiting_export_request(2, json!({ "callback_id": CALLBACK }))).await.expect("a job");
    let report =
        until("the function is called back", || async { world.callback_results(CALLBACK).pop() }).await;
    let CallbackReport::Failure { error, .. } = report else { panic!("no failure: {report:?}") };
    assert_eq!(error["ErrorType"], "Landfall.Partial");
    assert!(error["ErrorMessage"].as_str().is_some_and(|message| message.contains("1 missing")), "{error}");
    let data: Value = serde_json::from_str(error["ErrorData"].as_str().expect("a text")).expect("JSON");
    assert_eq!(data["job"]["status"], "partial");
}
