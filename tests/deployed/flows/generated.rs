//! Banners of a design: several that are made in their own time, and one that comes with the answer.

use serde_json::{Value, json};

use super::{TURN, id_of, posted, skipped, stored};
use crate::stack::Deployed;

/// The workspace's first static design, and its first formats.
fn design(stack: &Deployed, formats: usize) -> (Value, Vec<Value>) {
    let design = stack.simulator.describe()["designs"]["static"][0].clone();
    let names = design["formats"].as_array().expect("formats");
    (design["id"].clone(), names.iter().take(formats).cloned().collect())
}

/// Checks that a job has so many files, each in the bucket with the bytes that it says.
async fn holds(stack: &Deployed, job: &Value, count: usize) {
    let files = job["files"].as_array().expect("files");
    assert_eq!((files.len(), &job["archive"], &job["error"]), (count, &Value::Null, &Value::Null), "{job:#}");
    for file in files.iter().chain([&job["manifest"]]) {
        let bytes = stack.bytes_at(file["key"].as_str().expect("a key")).await;
        assert_eq!((Some(bytes), bytes > 0), (file["bytes"].as_i64(), true), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_is_stored_with_a_file_for_each_format() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let (id, formats) = design(&stack, 3);
    let body = json!({ "provider": "abyssale", "kind": "generation", "design_id": id,
                       "template_format_names": formats, "image_file_type": "png" });
    let job = stored(&stack, &id_of(&posted(&stack, &body).await)).await;
    holds(&stack, &job, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_comes_with_the_answer_is_stored() {
    let _turn = TURN.lock().await;
    let Some(stack) = Deployed::find().await else { return skipped() };
    let (id, formats) = design(&stack, 1);
    let body = json!({ "provider": "abyssale", "kind": "image", "design_id": id,
                       "template_format_name": formats[0] });
    let job = stored(&stack, &id_of(&posted(&stack, &body).await)).await;
    holds(&stack, &job, 1).await;
    let deliveries = stack.control(http::Method::GET, "/deliveries", &Value::Null);
    assert_eq!(deliveries, json!([]), "nothing but the answer told of it");
}
