//! More jobs than the provider's rate limit allows: some wait in the submissions queue.

use futures_util::future::join_all;
use http::Method;
use serde_json::Value;

use super::{STACK_LOCK, export, job_id, report_skipped, submit_job, wait_until_stored};
use crate::stack::Deployed;

/// Jobs that are submitted at once.
const CONCURRENCY: usize = 8;
/// The maximum number of rounds until a job has to wait. With the template's defaults, the 61st export in a minute does.
const MAX_ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn rate_limited_jobs_are_submitted_once_and_stored() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let (body, mut jobs) = (export(&stack, 1), vec![]);
    for _ in 0..MAX_ROUNDS {
        jobs.extend(join_all((0..CONCURRENCY).map(|_| submit_job(&stack, &body))).await);
        if jobs.iter().any(|job| job["status"] == "waiting") {
            break;
        }
    }
    assert!(jobs.iter().any(|job| job["status"] == "waiting"), "none of {} jobs waits", jobs.len());
    for job in &jobs {
        wait_until_stored(&stack, &job_id(job)).await;
    }
    let requests = "/requests?method=POST&path=/async/banners/export";
    let requests = stack.control(Method::GET, requests, &Value::Null);
    assert_eq!(requests.as_array().map(Vec::len), Some(jobs.len()));
}
