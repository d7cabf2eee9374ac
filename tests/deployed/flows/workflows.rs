//! State machines that wait for jobs: those that Landfall ships, on the stack's Step Functions.

use std::{fs, path::Path};

use harness::until;
use http::Method;
use serde_json::{Value, json};

use super::{TURN, export, job, skipped, stored};
use crate::stack::Deployed;

/// A state machine that is shipped, for this stack's function.
fn shipped(stack: &Deployed, name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/submit/workflows");
    let text = fs::read_to_string(folder.join(format!("{name}.asl.json"))).expect("a state machine");
    let submit = stack.described["functions"]["submit"].as_str().expect("a name");
    serde_json::from_str(&text.replace("${SubmitFunctionName}", submit)).expect("JSON")
}

/// Makes a state machine and starts it. Returns the execution's ARN.
async fn started(stack: &Deployed, name: &str, definition: &Value, input: &Value) -> String {
    let name = format!("{name}-{}", uuid::Uuid::new_v4());
    let role = stack.text("workflow_role_arn");
    let machine = json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
    let machine = stack.step_functions("CreateStateMachine", &machine).await;
    let start = json!({ "stateMachineArn": machine["stateMachineArn"], "input": input.to_string() });
    let execution = stack.step_functions("StartExecution", &start).await;
    execution["executionArn"].as_str().expect("an ARN").to_owned()
}

/// Waits until an execution is at its end.
async fn ended(stack: &Deployed, execution: &str) -> Value {
    until("the execution ends", || async {
        let found = stack.step_functions("DescribeExecution", &json!({ "executionArn": execution })).await;
        (found["status"] != "RUNNING").then_some(found)
    })
    .await
}

fn output(execution: &Value) -> Value {
    assert_eq!(execution["status"], "SUCCEEDED", "{execution:#}");
    serde_json::from_str(execution["output"].as_str().expect("a text")).expect("JSON")
}

/// The id of the job that the provider was asked for last, by its callback URL.
fn last_job(stack: &Deployed) -> Option<String> {
    let asked = stack.control(Method::GET, "/requests?method=POST&path=/async/banners/export", &Value::Null);
    let body: Value = serde_json::from_str(asked.as_array()?.last()?["body"].as_str()?).ok()?;
    Some(body["callback_url"].as_str()?.rsplit('/').nth(1)?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_goes_on_with_the_files() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let definition = shipped(&stack, "export_and_wait");
    let execution = started(&stack, "export-and-wait", &definition, &export(&stack, 2)).await;
    let output = output(&ended(&stack, &execution).await);
    assert_eq!((&output["complete"], &output["job"]["status"]), (&json!(true), &json!("stored")));
    assert_eq!(output["manifest"]["bucket"], stack.text("bucket"));
    stack.bytes_at(output["manifest"]["key"].as_str().expect("a key")).await;
    let id = output["job"]["job_id"].as_str().expect("an id");
    until("nobody waits any more", || async { (!stack.is_waited_for(id).await).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_catches_a_job_that_lacks_files_by_its_name() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    stack.control(
        Method::POST,
        "/faults",
        &json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }),
    );
    let definition = shipped(&stack, "export_and_wait");
    let execution = started(&stack, "export-and-wait", &definition, &export(&stack, 2)).await;
    let output = output(&ended(&stack, &execution).await);
    assert_eq!((&output["complete"], &output["job"]["status"]), (&json!(false), &json!("partial")));
    stack.bytes_at(output["manifest"]["key"].as_str().expect("a key")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_gives_up_ends_its_machine_and_harms_no_job() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    stack.control(Method::POST, "/faults", &json!({ "on": "delivery", "kind": "drop" }));
    let mut definition = shipped(&stack, "export_and_wait");
    let state = &mut definition["States"]["Export"];
    (state["TimeoutSeconds"], state["HeartbeatSeconds"]) = (json!(5), json!(4));
    state.as_object_mut().expect("a state").remove("Retry");
    let execution = started(&stack, "export-and-wait", &definition, &export(&stack, 2)).await;
    let ended = ended(&stack, &execution).await;
    let error = ended["error"].as_str().unwrap_or_default();
    assert!(["States.Timeout", "States.HeartbeatTimeout"].contains(&error), "{ended:#}");

    let id = until("the provider was asked", || async { last_job(&stack) }).await;
    let deliveries = stack.control(Method::GET, "/deliveries", &Value::Null);
    let mut deliveries = deliveries.as_array().expect("a list").iter();
    let late = deliveries.find(|sent| sent["url"].as_str().is_some_and(|url| url.contains(&id)));
    let path = format!("/deliveries/{}/redeliver?times=1", late.expect("a delivery")["number"]);
    stack.control(Method::POST, &path, &Value::Null);
    stored(&stack, &id).await;
    // The token is dead, and Step Functions says so.
    until("nobody waits any more", || async { (!stack.is_waited_for(&id).await).then_some(()) }).await;
    assert_eq!(job(&stack, &id).await["error"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_waits_for_every_request_of_a_list() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let list = json!([export(&stack, 1), export(&stack, 2), { "provider": "nobody", "kind": "export" }]);
    let (bucket, key) = (stack.text("bucket"), "requests/spring.json");
    let body = aws_sdk_s3::primitives::ByteStream::from(list.to_string().into_bytes());
    stack.aws.s3.put_object().bucket(bucket).key(key).body(body).send().await.expect("the list is written");
    let mut definition = shipped(&stack, "many_exports");
    if stack.described["aws_endpoint"].is_string() {
        mend(&mut definition["States"]["Exports"], bucket, key);
    }
    let input = json!({ "bucket": bucket, "key": key, "prefix": "results" });
    let execution = started(&stack, "many-exports", &definition, &input).await;
    let written = output(&ended(&stack, &execution).await);
    let results = match written["ResultWriterDetails"]["Key"].as_str() {
        Some(manifest) => results(&stack, manifest).await,
        // The local cloud hands the results on.
        None => written.as_array().unwrap_or_else(|| panic!("{written:#}")).clone(),
    };
    let statuses: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, ["stored", "stored", "failed"], "{results:#?}");
}

/// The local cloud waits for ever for a token whose function failed, and takes expressions around a distributed map as
/// they are written; within its items it evaluates them.
fn mend(map: &mut Value, bucket: &str, key: &str) {
    let state = &mut map["ItemProcessor"]["States"]["Export"];
    (state["TimeoutSeconds"], state["HeartbeatSeconds"]) = (json!(20), json!(19));
    map["ItemReader"]["Arguments"] = json!({ "Bucket": bucket, "Key": key });
    map["ItemSelector"] = json!({
        "request.$": "$$.Map.Item.Value",
        "idempotency_key.$": "States.Format('{}#{}', $$.Execution.Id, $$.Map.Item.Index)",
    });
}

/// The outputs of the executions that a distributed map wrote down, by the list in its manifest.
async fn results(stack: &Deployed, manifest: &str) -> Vec<Value> {
    let manifest: Value = serde_json::from_slice(&stack.object(manifest).await).expect("JSON");
    let key =
        manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap_or_else(|| panic!("{manifest:#}"));
    let list: Vec<Value> = serde_json::from_slice(&stack.object(key).await).expect("JSON");
    let mut list: Vec<(String, Value)> = (list.into_iter())
        .map(|execution| {
            let text = |name: &str| execution[name].as_str().expect("a text").to_owned();
            (text("Input"), serde_json::from_str(&text("Output")).expect("JSON"))
        })
        .collect();
    // By their idempotency keys, which end in the place in the list.
    list.sort_by_key(|(input, _)| {
        let input: Value = serde_json::from_str(input).expect("JSON");
        input["idempotency_key"].to_string()
    });
    list.into_iter().map(|(_, output)| output).collect()
}
