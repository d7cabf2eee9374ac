//! A Distributed Map submits every request of a list in S3.

use harness::AwsClients;
use runtime::Environment;
use serde_json::{Value, json};

use super::{PORT_LOCK, read_state_machine, step_functions, world};
use crate::world::World;

/// The bucket of the list, at the independent Step Functions.
const LISTS: &str = "lists";

/// Puts a list of requests where Step Functions reads it.
async fn put_request_list(key: &str, requests: &Value) {
    let endpoint = step_functions();
    let environment = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
    ];
    let s3 = AwsClients::new(&Environment::new(environment)).expect("clients").s3;
    s3.create_bucket().bucket(LISTS).send().await.expect("a bucket");
    let list = requests.to_string().into_bytes().into();
    s3.put_object().bucket(LISTS).key(key).body(list).send().await.expect("a list");
}

/// The state machine for many jobs without its `ResultWriter`, whose JSONata this Step Functions does not support.
fn for_many_jobs() -> Value {
    let mut machine = read_state_machine("many_exports.asl.json");
    let writer = machine["States"]["Exports"].as_object_mut().expect("a state").remove("ResultWriter");
    assert!(writer.is_some_and(|writer| writer["Arguments"]["Prefix"].is_string()));
    machine
}

fn result_lines(execution: &Value) -> Vec<Value> {
    assert_eq!(execution["status"], "SUCCEEDED", "{execution:#}");
    serde_json::from_str(execution["output"].as_str().expect("an output")).expect("a list")
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn every_request_of_a_list_has_a_result_line() {
    let _port_lock = PORT_LOCK.lock().await;
    let world: World = world(&step_functions()).await;
    let mut rejection = world.export_request(1);
    rejection["banner_ids"] = json!(["no id"]);
    put_request_list("list.json", &json!([world.export_request(2), rejection, world.export_request(3)]))
        .await;
    let input = json!({ "bucket": LISTS, "key": "list.json", "prefix": "results" });
    let execution = world.start_execution(&for_many_jobs(), &input).await;
    let mut lines = result_lines(&world.wait_for_execution_end(&execution).await);
    lines.sort_by_key(|line| line["error"].is_string());
    for line in &lines[..2] {
        let job = world.job(line["job_id"].as_str().expect("a job")).await;
        assert_eq!((&line["status"], &line["manifest"]["key"]), (&json!("stored"), &job["manifest"]["key"]));
    }
    let failed =
        json!({ "job_id": null, "status": "failed", "manifest": null, "error": "Permanent.InvalidRequest" });
    assert_eq!(lines[2..], [failed]);
    assert_eq!(world.accepted_exports(), 2, "each was requested once");
}
