//! Workflows that wait: by the task token of a state, or by the callback id of a durable function.

mod durable_functions;
mod heartbeats;
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

/// The token of most stories: of the length and the characters of real ones.
const TOKEN: &str = "AQCgAAAAKgAAAAMAAAAAAAAAAW/T+s3cret==";
/// The callback id of most stories.
const CALLBACK: &str = "Y2FsbGJhY2s/s3cret+aWQ=";

impl World {
    /// A request for an export by a state that waits, as a direct invocation.
    fn waiting_export_request(&self, count: usize, notify: Value) -> Value {
        let mut event = self.export_request(count);
        event["command"] = json!("submit");
        event["notify"] = notify;
        event
    }

    /// Submits an export that nothing is heard of, for a state that waits. Returns the job's id and its callback URL.
    async fn submit_waiting_export_without_callback(&self, notify: Value) -> (String, String) {
        self.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let job = self.invoke(self.waiting_export_request(2, notify)).await.expect("a job");
        let id = job["job_id"].as_str().expect("an id").to_owned();
        let url = self.callback_url(&id);
        (id, url)
    }

    /// What Step Functions was told of a token, signs of life left out.
    fn task_results(&self, token: &str) -> Vec<TaskReport> {
        let reports = self.cloud.task_reports().into_iter().filter(|report| report.token() == token);
        reports.filter(|report| !matches!(report, TaskReport::Heartbeat { .. })).collect()
    }

    /// Waits until a state's task has succeeded, and returns its output.
    async fn wait_for_task_success(&self, token: &str) -> Value {
        match self.wait_for_task_result(token).await {
            TaskReport::Success { output, .. } => output,
            other => panic!("no success: {other:?}"),
        }
    }

    /// Waits until a state's task has failed. Returns the error's name and its cause.
    async fn wait_for_task_failure(&self, token: &str) -> (String, Value) {
        match self.wait_for_task_result(token).await {
            TaskReport::Failure { error, cause, .. } => (error, serde_json::from_str(&cause).expect("JSON")),
            other => panic!("no failure: {other:?}"),
        }
    }

    async fn wait_for_task_result(&self, token: &str) -> TaskReport {
        let told =
            until("a waiting workflow is told", || async { self.task_results(token).into_iter().next() })
                .await;
        assert_eq!(self.task_results(token).len(), 1, "told once");
        told
    }

    /// What a durable function was told, signs of life left out.
    fn callback_results(&self, id: &str) -> Vec<CallbackReport> {
        let reports = self.cloud.callback_reports().into_iter().filter(|report| report.id() == id);
        reports.filter(|report| !matches!(report, CallbackReport::Heartbeat { .. })).collect()
    }

    /// Waits until nobody waits for a job any more, and nothing of those who did is left in the table.
    async fn wait_until_no_waiters(&self, id: &str) {
        until("nobody is left to tell", || async {
            let item = self.job_item(id).await;
            let left = ["audience", "sign_at", "publish_at", "due_at"];
            left.iter().all(|name| !item.contains_key(*name)).then_some(())
        })
        .await;
    }
}
