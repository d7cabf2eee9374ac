//! A job whose files are lost is resubmitted as one new job, however often the operation is called.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::world::{World, assert_problem};

impl World {
    /// Submits a job whose download URL has expired. Returns its id.
    async fn fail_job_with_expired_link(&self) -> String {
        self.inject_fault(json!({ "on": "archive", "kind": "expired", "count": null }));
        let id = self.submit_export(2).await;
        self.wait_for_status(&id, "failed").await;
        self.admin(Method::DELETE, "/faults", Value::Null);
        id
    }
}

#[tokio::test]
async fn concurrent_resubmissions_create_one_job() {
    let world = World::start().await;
    let id = world.fail_job_with_expired_link().await;
    assert_eq!(world.accepted_exports(), 1);

    let resubmit = || world.post_operation(&id, "retry", json!({ "resubmit": true }));
    let responses = join_all((0..6).map(|_| resubmit())).await;
    let new = responses[0].body()["job_id"].as_str().expect("an id").to_owned();
    assert_ne!(new, id);
    for response in responses {
        assert_eq!(
            (response.status().as_u16(), &response.body()["job_id"]),
            (202, &json!(new)),
            "{}",
            response.body()
        );
        assert_eq!(response.headers()["location"], format!("/jobs/{new}"));
    }
    let stored = world.wait_for_status(&new, "stored").await;
    assert_eq!(world.accepted_exports(), 2);
    let old = world.job(&id).await;
    assert_eq!((&stored["retry_of"], &old["resubmitted_as"]), (&json!(id), &json!(new)));
    assert_eq!((&old["status"], &stored["request"]), (&json!("failed"), &old["request"]));

    assert_eq!(resubmit().await.body()["status"], "stored", "the same job with its current status");
    assert_eq!(world.accepted_exports(), 2);
}

#[tokio::test]
async fn a_throttled_resubmission_can_be_repeated() {
    let world = World::start().await;
    let id = world.fail_job_with_expired_link().await;
    world.inject_fault(json!({ "on": "call", "kind": "rate_limited", "retry_after": 1700 }));
    let rejection = world.post_operation(&id, "retry", json!({ "resubmit": true })).await;
    assert_problem(&rejection, 429, "provider-throttled");
    assert_eq!(world.job(&id).await["resubmitted_as"], Value::Null);

    let response = world.post_operation(&id, "retry", json!({ "resubmit": true })).await;
    assert_eq!(response.status(), 202, "{}", response.body());
    world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
}

#[tokio::test]
async fn an_active_job_is_not_resubmitted_before_it_is_cancelled() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(1).await;
    assert_problem(
        &world.post_operation(&id, "retry", json!({ "resubmit": true })).await,
        409,
        "job-conflict",
    );
    assert_eq!(world.accepted_exports(), 1);

    world.cancel_job(&id).await;
    let response = world.post_operation(&id, "retry", json!({ "resubmit": true })).await;
    assert_eq!(response.body()["retry_of"], json!(id), "{}", response.body());
    world.wait_for_status(response.body()["job_id"].as_str().expect("an id"), "stored").await;
    assert_eq!(world.accepted_exports(), 2);
}
