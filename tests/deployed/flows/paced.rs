//! More jobs than the provider's pace allows for: some wait their turn in the queue.

use futures_util::future::join_all;
use http::Method;
use serde_json::Value;

use super::{TURN, export, id_of, posted, skipped, stored};
use crate::stack::Deployed;

/// Jobs that are submitted at once.
const CONCURRENCY: usize = 8;
/// How often, until one has to wait: with the template's defaults 26 do.
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_their_turn_are_asked_for_once_and_stored() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let (body, mut jobs) = (export(&stack, 1), vec![]);
    for _ in 0..ROUNDS {
        jobs.extend(join_all((0..CONCURRENCY).map(|_| posted(&stack, &body))).await);
        if jobs.iter().any(|job| job["status"] == "waiting") {
            break;
        }
    }
    assert!(jobs.iter().any(|job| job["status"] == "waiting"), "none of {} jobs waits", jobs.len());
    for job in &jobs {
        stored(&stack, &id_of(job)).await;
    }
    let asked = "/requests?method=POST&path=/async/banners/export";
    let asked = stack.control(Method::GET, asked, &Value::Null);
    assert_eq!(asked.as_array().map(Vec::len), Some(jobs.len()));
}
