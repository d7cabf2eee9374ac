//! Work of each kind lands on the deployed stack; without one permission it does not.

mod confined;
mod generated;
mod linked;
mod operated;
mod paced;
mod swept;
mod told;
mod workflows;

use harness::until;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::stack::Deployed;

/// The flows share one stack and one simulator's port, so they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// A request for an export of the first banners.
fn export(stack: &Deployed, count: usize) -> Value {
    let ids = stack.simulator.describe()["banner_ids"].clone();
    let ids: Vec<&Value> = ids.as_array().expect("ids").iter().take(count).collect();
    json!({ "provider": "abyssale", "kind": "export", "banner_ids": ids })
}

/// Submits a request and returns the job as it is answered.
async fn posted(stack: &Deployed, body: &Value) -> Value {
    let answer = stack.submit_api(Method::POST, "/jobs", body).await;
    // 200 when the work is done already.
    assert!([200, 202].contains(&answer.status().as_u16()), "{}", answer.body());
    answer.into_body()
}

async fn submitted(stack: &Deployed) -> String {
    id_of(&posted(stack, &export(stack, 3)).await)
}

fn id_of(job: &Value) -> String {
    job["job_id"].as_str().expect("an id").to_owned()
}

async fn job(stack: &Deployed, id: &str) -> Value {
    let answer = stack.submit_api(Method::GET, &format!("/jobs/{id}"), &Value::Null).await;
    assert_eq!(answer.status(), 200, "{}", answer.body());
    answer.into_body()
}

async fn stored(stack: &Deployed, id: &str) -> Value {
    until("the job is stored", || async {
        let job = job(stack, id).await;
        (job["status"] == "stored").then_some(job)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_lands_in_the_stacks_bucket() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let id = submitted(&stack).await;
    let job = stored(&stack, &id).await;
    let key = job["archive"]["key"].as_str().expect("a key");
    assert_eq!(Some(stack.bytes_at(key).await), job["archive"]["bytes"].as_i64());
    assert_eq!(job["archive"]["entries"], 3);
    assert_eq!(stack.item(&id).await["status"], "stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_at_the_public_receiver() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let id = submitted(&stack).await;
    let path = format!("/webhooks/abyssale/{id}/{}", "A".repeat(43));
    assert_eq!(stack.webhook_api(&path, &json!({ "export_id": "x" })).await.status(), 401);
    assert_eq!(stack.webhook_api("/webhooks/nobody", &json!({})).await.status(), 404);
    stored(&stack, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_to_write_files_nothing_lands_until_it_is_back() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await.filter(Deployed::has_roles) else { return skipped() };
    stack.script(&["remove-statement", "landing", "LandFiles"]);
    let id = submitted(&stack).await;
    let refused = until("the landing is refused", || async {
        let job = job(&stack, &id).await;
        job["error"].is_object().then_some(job)
    })
    .await;
    stack.script(&["remove-statement", "--restore", "landing"]);
    assert_eq!(
        (&refused["status"], &refused["error"]["type"]),
        (&json!("landing"), &json!("StorageUnavailable"))
    );
    stored(&stack, &id).await;
}

#[expect(clippy::print_stderr, reason = "a skipped flow must not look like a passed one")]
fn skipped() {
    eprintln!("skipped: LANDFALL_STACK describes no stack that this flow can use");
}
