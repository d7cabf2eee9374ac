//! Jobs of each kind land on the deployed stack. Without a required permission they do not.

mod caller_webhooks;
mod event_bus;
mod generation;
mod operator_commands;
mod presigned_links;
mod rate_limit;
mod role_permissions;
mod sweep;
mod workflows;

use harness::until;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::stack::Deployed;

/// The flows share one stack and the port of one simulator, so they run one after the other.
static STACK_LOCK: Mutex<()> = Mutex::const_new(());

/// Makes a request for an export of the first banners.
fn export(stack: &Deployed, count: usize) -> Value {
    let ids = stack.simulator.describe()["banner_ids"].clone();
    let ids: Vec<&Value> = ids.as_array().expect("ids").iter().take(count).collect();
    json!({ "provider": "abyssale", "kind": "export", "banner_ids": ids })
}

/// Submits a request and returns the job from the response.
async fn submit_job(stack: &Deployed, body: &Value) -> Value {
    let response = stack.submit_api(Method::POST, "/jobs", body).await;
    // 200 if the work is complete already.
    assert!([200, 202].contains(&response.status().as_u16()), "{}", response.body());
    response.into_body()
}

/// Submits an export of three banners and returns the job id.
async fn submit_export(stack: &Deployed) -> String {
    job_id(&submit_job(stack, &export(stack, 3)).await)
}

fn job_id(job: &Value) -> String {
    job["job_id"].as_str().expect("an id").to_owned()
}

async fn get_job(stack: &Deployed, id: &str) -> Value {
    let response = stack.submit_api(Method::GET, &format!("/jobs/{id}"), &Value::Null).await;
    assert_eq!(response.status(), 200, "{}", response.body());
    response.into_body()
}

async fn wait_until_stored(stack: &Deployed, id: &str) -> Value {
    until("the job is stored", || async {
        let job = get_job(stack, id).await;
        (job["status"] == "stored").then_some(job)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_lands_in_the_stacks_bucket() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let id = submit_export(&stack).await;
    let job = wait_until_stored(&stack, &id).await;
    let key = job["archive"]["key"].as_str().expect("a key");
    assert_eq!(Some(stack.object_size(key).await), job["archive"]["bytes"].as_i64());
    assert_eq!(job["archive"]["entries"], 3);
    assert_eq!(stack.item(&id).await["status"], "stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unauthenticated_delivery_is_rejected_by_the_public_receiver() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let id = submit_export(&stack).await;
    let path = format!("/webhooks/abyssale/{id}/{}", "A".repeat(43));
    assert_eq!(stack.webhook_api(&path, &json!({ "export_id": "x" })).await.status(), 401);
    assert_eq!(stack.webhook_api("/webhooks/nobody", &json!({})).await.status(), 404);
    wait_until_stored(&stack, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_request_to_the_jobs_api_is_rejected_by_api_gateway() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let response = stack.post_unsigned("submit_url", "/jobs", &json!({ "provider": "abyssale" })).await;
    assert_eq!(response.status(), 403, "{}", response.body());
    // The function would name the type of the problem.
    assert_eq!(response.body()["type"], Value::Null, "{}", response.body());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_to_write_files_a_job_lands_only_after_it_is_restored() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await.filter(Deployed::has_roles) else { return report_skipped() };
    stack.run_deploy_script(&["remove-statement", "landing", "LandFiles"]);
    let id = submit_export(&stack).await;
    let failed = until("the landing fails", || async {
        let job = get_job(&stack, &id).await;
        job["error"].is_object().then_some(job)
    })
    .await;
    stack.run_deploy_script(&["remove-statement", "--restore", "landing"]);
    assert_eq!(
        (&failed["status"], &failed["error"]["type"]),
        (&json!("landing"), &json!("StorageUnavailable"))
    );
    wait_until_stored(&stack, &id).await;
}

#[expect(clippy::print_stderr, reason = "a skipped flow must not look like a passed one")]
fn report_skipped() {
    eprintln!("skipped: LANDFALL_STACK describes no stack that this flow can use");
}
