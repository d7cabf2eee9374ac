//! The shipped state machines on an independent Step Functions. Run these stories by `tests/deployed/localemu.py run
//! -- cargo test --test flows workflows::shipped_state_machines -- --ignored`.

mod distributed_map;
mod heartbeats;

use std::{fs, net::TcpListener, path::Path};

use harness::until;
use http::Method;
use runtime::Environment;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use crate::world::World;

/// State machines invoke the functions at one port, so only one of these tests runs at a time.
static PORT_LOCK: Mutex<()> = Mutex::const_new(());
/// A world whose jobs send their results to this Step Functions.
async fn world(step_functions: &str) -> World {
    let port = Url::parse(step_functions).expect("a URL").port().expect("a port") + 1;
    until("the port is free", || async { TcpListener::bind(("127.0.0.1", port)).ok().map(drop) }).await;
    World::start_with(|mut options| {
        options.ports.aws = port;
        options.variable("AWS_ENDPOINT_URL_SFN", step_functions)
    })
    .await
}

fn step_functions() -> String {
    let process = Environment::from_process();
    process.required("LOCALEMU_ENDPOINT").expect("localemu.py sets LOCALEMU_ENDPOINT").to_owned()
}

/// A shipped state machine, with the harness's name of the function.
fn read_state_machine(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/submit/workflows");
    let text = fs::read_to_string(folder.join(name)).expect("a state machine");
    serde_json::from_str(&text.replace("${SubmitFunctionName}", "submit")).expect("JSON")
}

impl World {
    /// Calls an operation of Step Functions that succeeds.
    async fn step_functions(&self, operation: &str, input: &Value) -> Value {
        let target = format!("AWSStepFunctions.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
            // The signature is not verified; the header names the region.
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260304/us-east-1/states/aws4_request, \
                 SignedHeaders=host, Signature=0",
            ),
        ];
        let url = step_functions();
        let response = self.http.json(Method::POST, &url, &headers, input).await.expect("a response");
        assert!(response.status().is_success(), "{operation}: {}", response.body());
        response.into_body()
    }

    /// Creates a state machine and starts an execution. Returns the execution's ARN.
    async fn start_execution(&self, machine: &Value, input: &Value) -> String {
        let role = "arn:aws:iam::000000000000:role/workflows";
        let name = format!("export-{}", uuid::Uuid::new_v4());
        let machine = json!({ "name": name, "definition": machine.to_string(), "roleArn": role });
        let machine = self.step_functions("CreateStateMachine", &machine).await;
        let input = json!({ "stateMachineArn": machine["stateMachineArn"], "input": input.to_string() });
        let execution = self.step_functions("StartExecution", &input).await;
        execution["executionArn"].as_str().expect("an ARN").to_owned()
    }

    async fn describe_execution(&self, arn: &str) -> Value {
        self.step_functions("DescribeExecution", &json!({ "executionArn": arn })).await
    }

    async fn wait_for_execution_end(&self, arn: &str) -> Value {
        until("the execution ends", || async {
            let execution = self.describe_execution(arn).await;
            (execution["status"] != "RUNNING").then_some(execution)
        })
        .await
    }
}
