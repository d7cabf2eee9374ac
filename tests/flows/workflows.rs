//! Waiting workflows: Step Functions states with a task token, and durable functions with a callback id.

mod durable_functions;
mod heartbeats;
mod rejected_results;
mod retried_states;
mod shipped_state_machines;
mod target_isolation;
mod task_results;
mod token_secrecy;

use harness::{
    cloud::{CallbackReport, TaskReport},
    until,
};
use serde_json::{Value, json};

use crate::world::World;

/// A task token with the length and the characters of real ones.
const TOKEN: &str = "AQCgAAAAKgAAAAMAAAAAAAAAAW/T+s3cret==";
/// A callback id of a durable function.
const CALLBACK: &str = "Y2FsbGJhY2s/s3cret+aWQ=";

impl World {
    /// A direct invocation that submits an export for a waiting state.
    fn waiting_export_request(&self, count: usize, notify: Value) -> Value {
        let mut event = self.export_request(count);
        event["command"] = json!("submit");
        event["notify"] = notify;
        event
    }

    /// Submits an export without callback, for a waiting state. Returns the job's id and its callback URL.
    async fn submit_waiting_export_without_callback(&self, notify: Value) -> (String, String) {
        self.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let job = self.invoke(self.waiting_export_request(2, notify)).await.expect("a job");
        let id = job["job_id"].as_str().expect("an id").to_owned();
        let url = self.callback_url(&id);
        (id, url)
    }

    /// The results that Step Functions received for a token, without heartbeats.
    fn task_results(&self, token: &str) -> Vec<TaskReport> {
        let reports = self.cloud.task_reports().into_iter().filter(|report| report.token() == token);
        reports.filter(|report| !matches!(report, TaskReport::Heartbeat { .. })).collect()
    }

    /// Waits until a task has succeeded. Returns its output.
    async fn wait_for_task_success(&self, token: &str) -> Value {
        match self.wait_for_task_result(token).await {
            TaskReport::Success { output, .. } => output,
            other => panic!("no success: {other:?}"),
        }
    }

    /// Waits until a task has failed. Returns the error's name and its cause.
    async fn wait_for_task_failure(&self, token: &str) -> (String, Value) {
        match self.wait_for_task_result(token).await {
            TaskReport::Failure { error, cause, .. } => (error, serde_json::from_str(&cause).expect("JSON")),
            other => panic!("no failure: {other:?}"),
        }
    }

    async fn wait_for_task_result(&self, token: &str) -> TaskReport {
        let report = until("a waiting workflow gets its result", || async {
            self.task_results(token).into_iter().next()
        })
        .await;
        assert_eq!(self.task_results(token).len(), 1, "one result is sent");
        report
    }

    /// The results that a durable function received, without heartbeats.
    fn callback_results(&self, id: &str) -> Vec<CallbackReport> {
        let reports = self.cloud.callback_reports().into_iter().filter(|report| report.id() == id);
        reports.filter(|report| !matches!(report, CallbackReport::Heartbeat { .. })).collect()
    }

    /// Waits until a job has no waiters, and the table has no attribute of them.
    async fn wait_until_no_waiters(&self, id: &str) {
        until("no notification is left", || async {
            let item = self.job_item(id).await;
            let left = ["notify_targets", "next_heartbeat_at", "publish_at", "due_at"];
            left.iter().all(|name| !item.contains_key(*name)).then_some(())
        })
        .await;
    }
}
