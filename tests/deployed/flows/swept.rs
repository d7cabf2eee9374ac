//! A callback that never comes: the schedule's sweep asks the provider, and the work is stored all the same.

use std::time::Duration;

use harness::{until, until_within};
use http::Method;
use serde_json::json;

use super::{TURN, id_of, job, posted, skipped};
use crate::stack::Deployed;

/// The schedule comes every minute, and a stack that has just been made begins with a whole one.
const TWO_SWEEPS: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_whose_callback_is_lost_is_settled_by_the_scheduled_sweep() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    stack.control(Method::POST, "/faults", &json!({ "on": "delivery", "kind": "drop" }));
    let design = stack.simulator.describe()["designs"]["static"][0]["id"].clone();
    let body = json!({ "provider": "abyssale", "kind": "generation", "design_id": design });
    let id = id_of(&posted(&stack, &body).await);
    until("the provider has the work", || async {
        (job(&stack, &id).await["status"] == "submitted").then_some(())
    })
    .await;
    stack.make_due(&id).await;
    // Nobody invokes anything here: what settles the job is the template's own schedule.
    let stored = until_within(TWO_SWEEPS, "the scheduled sweep settles the job", || async {
        let job = job(&stack, &id).await;
        (job["status"] == "stored").then_some(job)
    })
    .await;
    assert_eq!(stored["files"].as_array().map(Vec::len), Some(6), "{stored:#}");
}
