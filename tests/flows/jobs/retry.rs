//! A job without all of its files is retried, without new work at the provider.

use harness::BUCKET;
use http::Method;
use serde_json::{Value, json};

use crate::world::{World, assert_problem, error_fields};

impl World {
    /// Retries a job, and checks that no new work is requested.
    pub(crate) async fn retry_job(&self, id: &str) {
        let posts = self.work_requests().len();
        let response = self.post_operation(id, "retry", Value::Null).await;
        assert_eq!(
            (response.status().as_u16(), &response.body()["job_id"]),
            (202, &json!(id)),
            "{}",
            response.body()
        );
        assert_eq!(response.headers()["location"], format!("/jobs/{id}"));
        assert_eq!(self.work_requests().len(), posts);
    }
}

#[tokio::test]
async fn a_retried_partial_job_is_stored_when_its_missing_files_are_available() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "file", "format": "story", "kind": "not_found", "count": null }));
    let job = world.run_job(&world.three_format_request(), "partial").await;
    let id = job["job_id"].as_str().expect("an id");
    assert_eq!(job["files_total"], 2);

    world.admin(Method::DELETE, "/faults", Value::Null);
    world.retry_job(id).await;
    let stored = world.wait_for_status(id, "stored").await;
    assert_eq!((&stored["files_total"], &stored["error"]), (&json!(3), &Value::Null));
    let manifest = world.read_manifest(&stored).await;
    assert_eq!(manifest["completeness"], json!({ "expected": 3, "landed": 3, "missing": 0 }));
    world.assert_files_match_manifest(&manifest).await;
    for file in job["files"].as_array().expect("files") {
        let key = file["key"].as_str().expect("a key");
        assert_eq!(world.cloud.object_writes(BUCKET, key), 1, "{key} was written again");
    }
    assert_eq!(world.work_requests().len(), 1);
}

#[tokio::test]
async fn a_failed_landing_is_retried_from_the_same_source() {
    let world = World::start().await;
    world.inject_fault(json!({ "on": "archive", "kind": "not_a_zip" }));
    let id = world.submit_export(2).await;
    world.wait_for_status(&id, "failed").await;
    world.retry_job(&id).await;
    world.wait_for_status(&id, "stored").await;
    let response = world.post_operation(&id, "retry", Value::Null).await;
    let detail = assert_problem(&response, 409, "job-conflict")["detail"].to_string();
    assert!(detail.contains("stored"), "{detail}");
    assert_eq!(world.work_requests().len(), 1);
}

#[tokio::test]
async fn a_retried_expired_job_is_polled_again() {
    let world = World::start().await;
    let (id, _) = world.submit_generation_without_callback(&world.three_format_request()).await;
    world.expire_job(&id).await;
    world.retry_job(&id).await;
    world.wait_for_status(&id, "stored").await;
    assert_eq!(world.work_requests().len(), 1);
}

#[tokio::test]
async fn a_retry_of_an_active_or_unpollable_job_is_rejected_with_advice() {
    let world = World::start().await;
    let (id, _) = world.submit_export_without_callback(1).await;
    for (status, advice) in [("submitted", "cancel"), ("expired", "resubmit")] {
        if status == "expired" {
            world.expire_job(&id).await;
            // As of an imported export, whose banners are unknown.
            world.update_job_item(&id, &[("request", "{}")], &[]).await;
        }
        let response = world.post_operation(&id, "retry", json!({})).await;
        let problem = assert_problem(&response, 409, "job-conflict");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(advice)), "{problem}");
        assert_eq!((&problem["job_id"], &world.job(&id).await["status"]), (&json!(id), &json!(status)));
    }
    let response = world.post_operation(&id, "retry", json!({ "resubmit": false, "soon": true })).await;
    assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), ["soon"]);
    let response = world.post_operation(&id, "retry", json!({ "resubmit": "yes" })).await;
    assert_eq!(error_fields(assert_problem(&response, 400, "invalid-request")), ["resubmit"]);
    let response = world.post_operation("0192d2c0-7b1a-7c3e-8f4a-5b6c7d8e9f0a", "retry", Value::Null).await;
    assert_problem(&response, 404, "not-found");
}
