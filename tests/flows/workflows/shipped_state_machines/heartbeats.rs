//! A state with a heartbeat timeout continues, is retried or fails, and its job lands in any case.

use std::time::{Duration, Instant};

use harness::until;
use serde_json::{Value, json};

use super::{PORT_LOCK, step_functions, world};
use crate::{log_capture::LogBuffer, world::World};

/// The heartbeat timeout of a state here: the shortest that leaves a busy machine time for a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// The state machine for one job, with a shorter heartbeat timeout.
fn for_one_job() -> Value {
    let mut machine = super::read_state_machine("export_and_wait.asl.json");
    machine["States"]["Export"]["HeartbeatSeconds"] = json!(HEARTBEAT.as_secs());
    machine
}

/// The same without retries, as after the last one.
fn for_one_job_without_retries() -> Value {
    let mut machine = for_one_job();
    machine["States"]["Export"]["Retry"][0]["MaxAttempts"] = json!(0);
    machine
}

impl World {
    /// Starts an execution for an export without callback. Returns the execution's ARN and the job's id.
    async fn start_waiting_execution(&self, machine: &Value) -> (String, String) {
        self.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let execution = self.start_execution(machine, &self.export_request(2)).await;
        let id = until("the job is submitted", || async {
            let item = self.job_items().await.pop()?;
            (item["status"].as_s().ok()? == "submitted").then_some(item["pk"].as_s().ok()?.clone())
        })
        .await;
        (execution, id)
    }

    /// Delivers the late callback, and checks that the job is stored without error and was submitted once.
    async fn land_late(&self, id: &str) {
        let url = self.callback_url(id);
        self.redeliver(&url, 1);
        assert_eq!(self.wait_for_status(id, "stored").await["error"], Value::Null);
        self.wait_until_no_waiters(id).await;
        assert_eq!(self.accepted_exports(), 1, "the work was requested once");
    }
}

fn assert_succeeded_with_files(execution: &Value) {
    assert_eq!(execution["status"], "SUCCEEDED", "{execution:#}");
    let output: Value = serde_json::from_str(execution["output"].as_str().expect("an output")).expect("JSON");
    assert_eq!((&output["complete"], &output["job"]["status"]), (&json!(true), &json!("stored")));
    assert!(output["manifest"]["key"].is_string(), "{output:#}");
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn a_state_without_a_heartbeat_is_retried_and_finds_its_job() {
    let _port_lock = PORT_LOCK.lock().await;
    let (log_buffer, _guard) = LogBuffer::capture();
    let world = world(&step_functions()).await;
    let (execution, id) = world.start_waiting_execution(&for_one_job()).await;
    until("the state waits with another token", || async {
        (world.job(&id).await["notify"]["waiting"].as_u64() > Some(1)).then_some(())
    })
    .await;
    world.land_late(&id).await;
    assert_succeeded_with_files(&world.wait_for_execution_end(&execution).await);
    let log = log_buffer.text();
    assert!(
        log.contains("no longer waits") && log.contains("TaskTimedOut"),
        "the first token has timed out: {log}"
    );
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn heartbeats_keep_a_state_waiting() {
    let _port_lock = PORT_LOCK.lock().await;
    let world = world(&step_functions()).await;
    let (execution, id) = world.start_waiting_execution(&for_one_job()).await;
    let began = Instant::now();
    until("three heartbeat timeouts have passed", || async {
        world.sweep(61).await;
        (began.elapsed() > HEARTBEAT * 3).then_some(())
    })
    .await;
    assert_eq!(world.job(&id).await["notify"]["waiting"], 1, "the state was entered once");
    world.land_late(&id).await;
    assert_succeeded_with_files(&world.wait_for_execution_end(&execution).await);
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn a_state_that_times_out_fails_its_execution_as_silent_and_the_job_continues() {
    let _port_lock = PORT_LOCK.lock().await;
    let (log_buffer, _guard) = LogBuffer::capture();
    let world = world(&step_functions()).await;
    let (execution, id) = world.start_waiting_execution(&for_one_job_without_retries()).await;
    let ended = world.wait_for_execution_end(&execution).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("Landfall.Silent")));

    let over = |log_buffer: &LogBuffer| log_buffer.text().matches("TaskTimedOut").count();
    assert_eq!(over(&log_buffer), 0);
    world.sweep(61).await;
    assert_eq!(over(&log_buffer), 1, "a heartbeat finds an ended task: {}", log_buffer.text());
    assert_eq!(world.job(&id).await["notify"], Value::Null);
    world.land_late(&id).await;
    assert_eq!(over(&log_buffer), 1, "no result is sent: {}", log_buffer.text());
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn a_state_that_timed_out_during_the_landing_does_not_affect_the_job() {
    let _port_lock = PORT_LOCK.lock().await;
    let (log_buffer, _guard) = LogBuffer::capture();
    let world = world(&step_functions()).await;
    let (execution, id) = world.start_waiting_execution(&for_one_job_without_retries()).await;
    world.wait_for_execution_end(&execution).await;
    world.land_late(&id).await;
    assert!(log_buffer.text().contains("TaskTimedOut"), "the success was refused: {}", log_buffer.text());
}
