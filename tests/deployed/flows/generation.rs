//! Banners of a design: several from an asynchronous generation, and one image from a synchronous request.

use serde_json::{Value, json};

use super::{STACK_LOCK, job_id, report_skipped, submit_job, wait_until_stored};
use crate::stack::Deployed;

/// Returns the first static design of the workspace and its first formats.
fn design(stack: &Deployed, formats: usize) -> (Value, Vec<Value>) {
    let design = stack.simulator.describe()["designs"]["static"][0].clone();
    let names = design["formats"].as_array().expect("formats");
    (design["id"].clone(), names.iter().take(formats).cloned().collect())
}

/// Checks the number of a job's files, and that each is in the bucket with the size that the job reports.
async fn assert_files_in_bucket(stack: &Deployed, job: &Value, count: usize) {
    let files = job["files"].as_array().expect("files");
    assert_eq!((files.len(), &job["archive"], &job["error"]), (count, &Value::Null, &Value::Null), "{job:#}");
    for file in files.iter().chain([&job["manifest"]]) {
        let bytes = stack.object_size(file["key"].as_str().expect("a key")).await;
        assert_eq!((Some(bytes), bytes > 0), (file["bytes"].as_i64(), true), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_is_stored_with_a_file_for_each_format() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let (id, formats) = design(&stack, 3);
    let body = json!({ "provider": "abyssale", "kind": "generation", "design_id": id,
                       "template_format_names": formats, "image_file_type": "png" });
    let job = wait_until_stored(&stack, &job_id(&submit_job(&stack, &body).await)).await;
    assert_files_in_bucket(&stack, &job, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_from_a_synchronous_response_is_stored() {
    let _lock = STACK_LOCK.lock().await;
    let Some(stack) = Deployed::connect().await else { return report_skipped() };
    let (id, formats) = design(&stack, 1);
    let body = json!({ "provider": "abyssale", "kind": "image", "design_id": id,
                       "template_format_name": formats[0] });
    let job = wait_until_stored(&stack, &job_id(&submit_job(&stack, &body).await)).await;
    assert_files_in_bucket(&stack, &job, 1).await;
    let deliveries = stack.control(http::Method::GET, "/deliveries", &Value::Null);
    assert_eq!(deliveries, json!([]), "the response was the only notification");
}
