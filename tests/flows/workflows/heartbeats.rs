//! The state machine that is shipped, on a Step Functions that is not ours and counts heartbeats. Run these stories by
//! `tests/deployed/localemu.py run -- cargo test --test flows workflows::heartbeats -- --ignored`.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

use harness::until;
use http::Method;
use lambda::Environment;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use crate::{signing::log::Page, world::World};

/// State machines invoke the functions at one port, so these stories take turns.
static TURN: Mutex<()> = Mutex::const_new(());
/// How long a state here waits for a sign of life; the least that leaves a busy machine the time to give one.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// A world whose jobs tell this Step Functions of their ends.
async fn world(step_functions: &str) -> World {
    let port = Url::parse(step_functions).expect("a URL").port().expect("a port") + 1;
    until("the world before has let go of the port", || async {
        TcpListener::bind(("127.0.0.1", port)).ok().map(drop)
    })
    .await;
    World::start_with(|mut options| {
        options.ports.aws = port;
        options.variable("AWS_ENDPOINT_URL_SFN", step_functions)
    })
    .await
}

fn step_functions() -> String {
    let process = Environment::of_process();
    process.text("LOCALEMU_ENDPOINT").expect("localemu.py says where its Step Functions is").to_owned()
}

/// The state machine for one job, as it is but for the time that it waits for a sign of life.
fn shipped() -> Value {
    let file = "../functions/submit/workflows/export_and_wait.asl.json";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a state machine");
    let mut machine: Value =
        serde_json::from_str(&text.replace("${SubmitFunctionName}", "submit")).expect("JSON");
    machine["States"]["Export"]["HeartbeatSeconds"] = json!(HEARTBEAT.as_secs());
    machine
}

impl World {
    /// Calls Step Functions, which must take it.
    async fn step_functions(&self, operation: &str, input: &Value) -> Value {
        let target = format!("AWSStepFunctions.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
            // Nobody checks it; it says which region is meant.
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260304/us-east-1/states/aws4_request, \
                 SignedHeaders=host, Signature=0",
            ),
        ];
        let url = step_functions();
        let answer = self.http.json(Method::POST, &url, &headers, input).await.expect("an answer");
        assert!(answer.status().is_success(), "{operation}: {}", answer.body());
        answer.into_body()
    }

    /// Starts a machine for an export that nothing is heard of. Returns the execution's ARN and the job's id.
    async fn waited_for_by(&self, machine: &Value) -> (String, String) {
        self.trouble(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let role = "arn:aws:iam::000000000000:role/workflows";
        let name = format!("export-{}", uuid::Uuid::new_v4());
        let machine = json!({ "name": name, "definition": machine.to_string(), "roleArn": role });
        let machine = self.step_functions("CreateStateMachine", &machine).await;
        let input = json!({ "stateMachineArn": machine["stateMachineArn"],
                            "input": self.export(2).to_string() });
        let execution = self.step_functions("StartExecution", &input).await;
        let execution = execution["executionArn"].as_str().expect("an ARN").to_owned();
        let id = until("the job is submitted", || async {
            let item = self.jobs().await.pop()?;
            (item["status"].as_s().ok()? == "submitted").then_some(item["pk"].as_s().ok()?.clone())
        })
        .await;
        (execution, id)
    }

    async fn execution(&self, arn: &str) -> Value {
        self.step_functions("DescribeExecution", &json!({ "executionArn": arn })).await
    }

    async fn execution_ends(&self, arn: &str) -> Value {
        until("the execution ends", || async {
            let execution = self.execution(arn).await;
            (execution["status"] != "RUNNING").then_some(execution)
        })
        .await
    }

    /// Lets what was silent so far come after all, and waits until the job is stored with nothing to complain of.
    async fn lands_after_all(&self, id: &str) {
        let url = self.callback_url(id);
        self.redeliver(&url, 1);
        assert_eq!(self.ends(id, "stored").await["error"], Value::Null);
        self.nobody_waits(id).await;
        assert_eq!(self.accepted_posts(), 1, "the provider was asked once");
    }
}

fn goes_on_with_the_files(execution: &Value) {
    assert_eq!(execution["status"], "SUCCEEDED", "{execution:#}");
    let output: Value = serde_json::from_str(execution["output"].as_str().expect("an output")).expect("JSON");
    assert_eq!((&output["complete"], &output["job"]["status"]), (&json!(true), &json!("stored")));
    assert!(output["manifest"]["key"].is_string(), "{output:#}");
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn a_state_without_a_sign_of_life_is_entered_again_and_finds_its_job() {
    let _turn = TURN.lock().await;
    let (page, _guard) = Page::open();
    let world = world(&step_functions()).await;
    let (execution, id) = world.waited_for_by(&shipped()).await;
    until("the state waits by another token", || async {
        (world.job(&id).await["notify"]["waiting"].as_u64() > Some(1)).then_some(())
    })
    .await;
    world.lands_after_all(&id).await;
    goes_on_with_the_files(&world.execution_ends(&execution).await);
    let log = page.text();
    assert!(log.contains("does not wait any more") && log.contains("TaskTimedOut"), "the first token: {log}");
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn signs_of_life_keep_a_state_waiting_for_as_long_as_it_takes() {
    let _turn = TURN.lock().await;
    let world = world(&step_functions()).await;
    let (execution, id) = world.waited_for_by(&shipped()).await;
    let began = Instant::now();
    until("three times as long as it waits for a sign", || async {
        world.sweep(61).await;
        (began.elapsed() > HEARTBEAT * 3).then_some(())
    })
    .await;
    assert_eq!(world.job(&id).await["notify"]["waiting"], 1, "it has been entered once");
    world.lands_after_all(&id).await;
    goes_on_with_the_files(&world.execution_ends(&execution).await);
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn a_state_that_gives_up_ends_its_machine_as_silent_and_harms_no_job() {
    let _turn = TURN.lock().await;
    let (page, _guard) = Page::open();
    let world = world(&step_functions()).await;
    let mut machine = shipped();
    // As after the last of its retries.
    machine["States"]["Export"]["Retry"][0]["MaxAttempts"] = json!(0);
    let (execution, id) = world.waited_for_by(&machine).await;
    let ended = world.execution_ends(&execution).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("Landfall.Silent")));

    let over = |page: &Page| page.text().matches("TaskTimedOut").count();
    assert_eq!(over(&page), 0);
    world.sweep(61).await;
    assert_eq!(over(&page), 1, "a sign of life finds nobody: {}", page.text());
    assert_eq!(world.job(&id).await["notify"], Value::Null);
    world.lands_after_all(&id).await;
    assert_eq!(over(&page), 1, "nobody is told of the end: {}", page.text());
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn a_state_that_gave_up_while_its_job_landed_is_told_in_vain_and_harms_no_job() {
    let _turn = TURN.lock().await;
    let (page, _guard) = Page::open();
    let world = world(&step_functions()).await;
    let mut machine = shipped();
    machine["States"]["Export"]["Retry"][0]["MaxAttempts"] = json!(0);
    let (execution, id) = world.waited_for_by(&machine).await;
    world.execution_ends(&execution).await;
    world.lands_after_all(&id).await;
    assert!(page.text().contains("TaskTimedOut"), "its success: {}", page.text());
}
