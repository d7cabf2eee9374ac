//! A callback that is not delivered: the scheduled sweep polls the provider, and the files are stored.

use std::time::Duration;

use harness::{until, until_within};
use http::Method;
use serde_json::json;

use super::{STACK_LOCK, get_job, job_id, report_skipped, submit_job};
use crate::stack::Deployed;

/// The schedule runs every minute, for the first time one minute after the deployment.
const TWO_SWEEPS: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduled_sweep_lands_a_generation_whose_callback_is_lost() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    stack.control(Method::POST, "/faults", &json!({ "on": "delivery", "kind": "drop" }));
    let design = stack.simulator.describe()["designs"]["static"][0]["id"].clone();
    let body = json!({ "provider": "abyssale", "kind": "generation", "design_id": design });
    let id = job_id(&submit_job(&stack, &body).await);
    until("the provider has the work", || async {
        (get_job(&stack, &id).await["status"] == "submitted").then_some(())
    })
    .await;
    stack.make_due(&id).await;
    // The test invokes nothing: only the schedule of the template can land the job.
    let stored = until_within(TWO_SWEEPS, "the scheduled sweep lands the job", || async {
        let job = get_job(&stack, &id).await;
        (job["status"] == "stored").then_some(job)
    })
    .await;
    assert_eq!(stored["files"].as_array().map(Vec::len), Some(6), "{stored:#}");
}
