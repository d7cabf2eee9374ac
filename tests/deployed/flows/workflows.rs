//! The shipped state machines, which wait for jobs, on the stack's Step Functions.

use std::{fs, path::Path};

use harness::until;
use http::Method;
use serde_json::{Value, json};

use super::{STACK_LOCK, export, get_job, report_skipped, wait_until_stored};
use crate::stack::Deployed;

/// Reads the definition of a shipped state machine, with the name of this stack's function.
fn read_definition(stack: &Deployed, name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/submit/workflows");
    let text = fs::read_to_string(folder.join(format!("{name}.asl.json"))).expect("a state machine");
    let submit = stack.described["functions"]["submit"].as_str().expect("a name");
    serde_json::from_str(&text.replace("${SubmitFunctionName}", submit)).expect("JSON")
}

/// Creates a state machine and starts an execution. Returns the execution's ARN.
async fn start_execution(stack: &Deployed, name: &str, definition: &Value, input: &Value) -> String {
    let name = format!("{name}-{}", uuid::Uuid::new_v4());
    let role = stack.text("workflow_role_arn");
    let machine = json!({ "name": name, "definition": definition.to_string(), "roleArn": role });
    let machine = stack.step_functions("CreateStateMachine", &machine).await;
    let start = json!({ "stateMachineArn": machine["stateMachineArn"], "input": input.to_string() });
    let execution = stack.step_functions("StartExecution", &start).await;
    execution["executionArn"].as_str().expect("an ARN").to_owned()
}

/// Waits for the end of an execution.
async fn wait_for_end(stack: &Deployed, execution: &str) -> Value {
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

/// Returns the id of the job that was submitted to the provider last, from its callback URL.
fn last_job_id(stack: &Deployed) -> Option<String> {
    let path = "/requests?method=POST&path=/async/banners/export";
    let requests = stack.control(Method::GET, path, &Value::Null);
    let body: Value = serde_json::from_str(requests.as_array()?.last()?["body"].as_str()?).ok()?;
    Some(body["callback_url"].as_str()?.rsplit('/').nth(1)?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_continues_with_the_stored_files() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let definition = read_definition(&stack, "export_and_wait");
    let execution = start_execution(&stack, "export-and-wait", &definition, &export(&stack, 2)).await;
    let output = output(&wait_for_end(&stack, &execution).await);
    assert_eq!((&output["complete"], &output["job"]["status"]), (&json!(true), &json!("stored")));
    assert_eq!(output["manifest"]["bucket"], stack.text("bucket"));
    stack.object_size(output["manifest"]["key"].as_str().expect("a key")).await;
    let id = output["job"]["job_id"].as_str().expect("an id");
    until("the job has no waiter", || async { (!stack.has_waiters(id).await).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_catches_a_partial_job_by_its_error_name() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    stack.control(
        Method::POST,
        "/faults",
        &json!({ "on": "archive", "kind": "fewer_entries", "entries": 1 }),
    );
    let definition = read_definition(&stack, "export_and_wait");
    let execution = start_execution(&stack, "export-and-wait", &definition, &export(&stack, 2)).await;
    let output = output(&wait_for_end(&stack, &execution).await);
    assert_eq!((&output["complete"], &output["job"]["status"]), (&json!(false), &json!("partial")));
    stack.object_size(output["manifest"]["key"].as_str().expect("a key")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_timeout_ends_the_execution_and_does_not_affect_the_job() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    stack.control(Method::POST, "/faults", &json!({ "on": "delivery", "kind": "drop" }));
    let mut definition = read_definition(&stack, "export_and_wait");
    let state = &mut definition["States"]["Export"];
    (state["TimeoutSeconds"], state["HeartbeatSeconds"]) = (json!(5), json!(4));
    state.as_object_mut().expect("a state").remove("Retry");
    let execution = start_execution(&stack, "export-and-wait", &definition, &export(&stack, 2)).await;
    let ended = wait_for_end(&stack, &execution).await;
    assert_eq!(ended["error"], "Landfall.Silent", "{ended:#}");

    let id = until("the provider has the request", || async { last_job_id(&stack) }).await;
    let deliveries = stack.control(Method::GET, "/deliveries", &Value::Null);
    let mut deliveries = deliveries.as_array().expect("a list").iter();
    let late = deliveries.find(|sent| sent["url"].as_str().is_some_and(|url| url.contains(&id)));
    let path = format!("/deliveries/{}/redeliver?times=1", late.expect("a delivery")["number"]);
    stack.control(Method::POST, &path, &Value::Null);
    wait_until_stored(&stack, &id).await;
    // Step Functions rejects the expired token.
    until("the job has no waiter", || async { (!stack.has_waiters(&id).await).then_some(()) }).await;
    assert_eq!(get_job(&stack, &id).await["error"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_waits_for_every_request_of_a_list() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let list = json!([export(&stack, 1), export(&stack, 2), { "provider": "nobody", "kind": "export" }]);
    let (bucket, key) = (stack.text("bucket"), "requests/spring.json");
    let body = aws_sdk_s3::primitives::ByteStream::from(list.to_string().into_bytes());
    stack.aws.s3.put_object().bucket(bucket).key(key).body(body).send().await.expect("the list is written");
    let mut definition = read_definition(&stack, "many_exports");
    let map = &mut definition["States"]["Exports"];
    match stack.described["cloud"].as_str() {
        // It rejects the arguments of a result writer.
        Some("localemu") => drop(map.as_object_mut().expect("a state").remove("ResultWriter")),
        Some(_) => adapt_to_ministack(map, bucket, key),
        None => {}
    }
    let input = json!({ "bucket": bucket, "key": key, "prefix": "results" });
    let execution = start_execution(&stack, "many-exports", &definition, &input).await;
    let written = output(&wait_for_end(&stack, &execution).await);
    let results = match written["ResultWriterDetails"]["Key"].as_str() {
        Some(manifest) => read_results(&stack, manifest).await,
        // The local cloud returns the results themselves.
        None => written.as_array().unwrap_or_else(|| panic!("{written:#}")).clone(),
    };
    let statuses: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, ["stored", "stored", "failed"], "{results:#?}");
}

/// Works around two faults of ministack. It waits without end for a token whose function failed, and it does not evaluate
/// expressions around a distributed map; within its items it does.
fn adapt_to_ministack(map: &mut Value, bucket: &str, key: &str) {
    let state = &mut map["ItemProcessor"]["States"]["Export"];
    (state["TimeoutSeconds"], state["HeartbeatSeconds"]) = (json!(20), json!(19));
    map["ItemReader"]["Arguments"] = json!({ "Bucket": bucket, "Key": key });
    map["ItemSelector"] = json!({
        "request.$": "$$.Map.Item.Value",
        "idempotency_key.$": "States.Format('{}#{}', $$.Execution.Id, $$.Map.Item.Index)",
    });
}

/// Reads the outputs of the executions of a distributed map, in the order of its input list.
async fn read_results(stack: &Deployed, manifest: &str) -> Vec<Value> {
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
    // Sorted by the idempotency keys, which end in the position in the list.
    list.sort_by_key(|(input, _)| {
        let input: Value = serde_json::from_str(input).expect("JSON");
        input["idempotency_key"].to_string()
    });
    list.into_iter().map(|(_, output)| output).collect()
}
