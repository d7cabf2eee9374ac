//! Errors of the provider: rejections, throttling, unknown outcomes and unreachability are distinguished, and work
//! that may have been done is never requested twice.

mod rejections;
mod throttling;
mod unknown_outcomes;
mod unreachable;

use http::Response;
use serde_json::{Value, json};

use crate::world::World;

/// The id of the job that a problem is about.
fn job_id(problem: &Value) -> &str {
    let id = problem["job_id"].as_str().unwrap_or_else(|| panic!("no job id: {problem}"));
    assert_eq!(problem["instance"], format!("/jobs/{id}"));
    id
}

/// Checks that the rejected job failed with the message of the problem.
async fn assert_failed(world: &World, problem: &Value, class: &str) {
    let job = world.job(job_id(problem)).await;
    assert_eq!(job["status"], "failed", "{job:#}");
    assert_eq!(job["error"]["type"], class, "{job:#}");
    assert_eq!(job["error"]["message"], problem["detail"]);
    assert_eq!(job["error"].get("provider"), problem.get("provider"));
    assert_eq!(job["provider_job_id"], Value::Null);
}

/// Submits an export while the provider's API has a fault.
async fn submit_with_api_fault(world: &World, mut fault: Value) -> Response<Value> {
    fault["on"] = json!("call");
    world.inject_fault(fault);
    world.post(&world.export_request(2), &[]).await
}
