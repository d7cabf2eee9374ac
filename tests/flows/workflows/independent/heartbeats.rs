//! A state that waits for a sign of life goes on, tries again or gives up, and its job lands in any case.

use std::time::{Duration, Instant};

use harness::until;
use serde_json::{Value, json};

use super::{TURN, step_functions, world};
use crate::{signing::log::Page, world::World};

/// How long a state here waits for a sign of life; the least that leaves a busy machine the time to give one.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// The state machine for one job, as it is but for the time that it waits for a sign of life.
fn for_one_job() -> Value {
    let mut machine = super::shipped("export_and_wait.asl.json");
    machine["States"]["Export"]["HeartbeatSeconds"] = json!(HEARTBEAT.as_secs());
    machine
}

/// The same, as after the last of its retries.
fn for_one_job_without_retries() -> Value {
    let mut machine = for_one_job();
    machine["States"]["Export"]["Retry"][0]["MaxAttempts"] = json!(0);
    machine
}

impl World {
    /// Starts a machine for an export that nothing is heard of. Returns the execution's ARN and the job's id.
    async fn waited_for_by(&self, machine: &Value) -> (String, String) {
        self.trouble(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let execution = self.started(machine, &self.export(2)).await;
        let id = until("the job is submitted", || async {
            let item = self.jobs().await.pop()?;
            (item["status"].as_s().ok()? == "submitted").then_some(item["pk"].as_s().ok()?.clone())
        })
        .await;
        (execution, id)
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
    let (execution, id) = world.waited_for_by(&for_one_job()).await;
    until("the state waits by another token", || async {
        (world.job(&id).await["notify"]["waiting"].as_u64() > Some(1)).then_some(())
    })
    .await;
    world.lands_after_all(&id).await;
    goes_on_with_the_files(&world.execution_ends(&execution).await);
    let log = page.text();
    assert!(log.contains("no longer waits") && log.contains("TaskTimedOut"), "the first token: {log}");
}

#[tokio::test]
#[ignore = "needs an independent Step Functions"]
async fn signs_of_life_keep_a_state_waiting_for_as_long_as_it_takes() {
    let _turn = TURN.lock().await;
    let world = world(&step_functions()).await;
    let (execution, id) = world.waited_for_by(&for_one_job()).await;
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
    let (execution, id) = world.waited_for_by(&for_one_job_without_retries()).await;
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
    let (execution, id) = world.waited_for_by(&for_one_job_without_retries()).await;
    world.execution_ends(&execution).await;
    world.lands_after_all(&id).await;
    assert!(page.text().contains("TaskTimedOut"), "its success: {}", page.text());
}
