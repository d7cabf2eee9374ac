//! A workflow whose service rejects the result: it delays no other workflow, is notified again for a day if an operator can
//! help, and is then given up where an operator sees it.

use harness::{
    cloud::{Outage, Service},
    until,
};
use serde_json::json;

use super::TOKEN;
use crate::{log_capture::CapturedLog, world::World};

const OTHER_TOKEN: &str = "other";

impl World {
    /// Submits an export for a waiting state, and waits until its files are stored.
    async fn store_for_workflow(&self, token: &str) -> String {
        let event = self.waiting_export_request(1, json!({ "task_token": token }));
        let job = self.invoke(event).await.expect("a job");
        let id = job["job_id"].as_str().expect("an id").to_owned();
        self.wait_for_status(&id, "stored").await;
        id
    }

    fn attempts(&self) -> u64 {
        self.cloud.requests().count(Service::StepFunctions, "SendTaskSuccess")
    }
}

/// Checks that the log has one error with this code and its metric, and no expired token.
fn assert_given_up(logs: &CapturedLog, code: &str) {
    assert_eq!(logs.metric_values("WorkflowNotificationsRejected"), [1.0]);
    assert_eq!(logs.metric_values("WorkflowTokensExpired"), Vec::<f64>::new());
    let lines = logs.lines();
    let line = lines.iter().find(|line| line["metric"] == "WorkflowNotificationsRejected").expect("a line");
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!(code)), "{line}");
}

#[tokio::test]
async fn a_state_machine_whose_key_denies_access_does_not_delay_other_workflows() {
    let world = World::start().await;
    world.cloud.faults().set(Service::StepFunctions, Outage::Refuse503);
    for token in [TOKEN, OTHER_TOKEN] {
        world.store_for_workflow(token).await;
    }
    world.cloud.reject_task(TOKEN, "KmsAccessDeniedException");
    world.cloud.faults().clear();
    // The retries after the outage are due within two minutes.
    world.sweep(120).await;
    assert_eq!((world.task_results(OTHER_TOKEN).len(), world.task_results(TOKEN).len()), (1, 0));
}

#[tokio::test]
async fn a_denied_result_is_sent_once_the_key_allows_it() {
    let world = World::start().await;
    world.cloud.reject_task(TOKEN, "KmsInvalidStateException");
    let id = world.store_for_workflow(TOKEN).await;
    world.sweep(3600).await;
    world.cloud.accept_task(TOKEN);
    world.sweep(2 * 3600).await;
    world.wait_for_task_success(TOKEN).await;
    world.wait_until_no_waiters(&id).await;
}

#[tokio::test]
async fn a_denied_result_is_retried_more_and_more_rarely() {
    let world = World::start().await;
    world.cloud.reject_task(TOKEN, "AccessDeniedException");
    world.store_for_workflow(TOKEN).await;
    world.sweep(1800).await;
    let attempts = world.attempts();
    // Half an hour after the end of the job, the next attempt follows half an hour later.
    world.sweep(1700).await;
    assert_eq!(world.attempts(), attempts);
    world.sweep(1900).await;
    assert_eq!(world.attempts(), attempts + 1);
}

#[tokio::test]
async fn a_result_that_is_denied_for_a_day_is_given_up_with_an_error_in_the_log() {
    let logs = CapturedLog::start();
    let world = World::start().await;
    world.cloud.reject_task(TOKEN, "KmsAccessDeniedException");
    let id = world.store_for_workflow(TOKEN).await;
    world.sweep(23 * 3600).await;
    assert!(world.job_item(&id).await.contains_key("notify_targets"), "still retried");
    world.sweep(25 * 3600).await;
    world.wait_until_no_waiters(&id).await;
    let attempts = world.attempts();
    world.sweep(48 * 3600).await;
    assert_eq!(world.attempts(), attempts);
    assert_given_up(&logs, "KmsAccessDeniedException");
}

#[tokio::test]
async fn a_result_that_the_service_finds_invalid_is_given_up_at_once_and_not_counted_as_expired() {
    for code in ["InvalidOutput", "ValidationException"] {
        let logs = CapturedLog::start();
        let world = World::start().await;
        world.cloud.reject_task(TOKEN, code);
        let id = world.store_for_workflow(TOKEN).await;
        world.wait_until_no_waiters(&id).await;
        assert_eq!(world.attempts(), 1);
        assert_given_up(&logs, code);
        until("no job is due", || async { (world.sweep(3600).await["checked"] == 0).then_some(()) }).await;
    }
}
