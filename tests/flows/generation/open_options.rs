//! Options that Landfall does not know are passed on with a warning, so that a caller can use what the vendor adds.

use http::Method;
use serde_json::{Value, json};

use super::accepted_job_id;
use crate::world::{World, assert_problem, error_fields};

impl World {
    /// The body of the last request for work.
    fn last_work_body(&self) -> Value {
        let requests = self.work_requests();
        let body = requests.last().and_then(|request| request["body"].as_str()).expect("a body");
        serde_json::from_str(body).expect("JSON")
    }
}

/// A request with one known and one unknown option.
fn gif_request(world: &World) -> Value {
    let gif = json!({ "max_fps": 5, "dithering": { "method": "bayer" } });
    world.generation_request("animated", json!({ "image_file_type": "gif", "gif": gif }))
}

/// The fields of the warnings of a job.
fn warned_fields(job: &Value) -> Vec<&str> {
    job["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .filter_map(|warning| warning["field"].as_str())
        .collect()
}

#[tokio::test]
async fn an_unknown_option_reaches_the_provider_and_is_named_in_every_response() {
    let world = World::start().await;
    let response = world.post(&gif_request(&world), &[]).await;
    let id = accepted_job_id(&response);
    assert_eq!(warned_fields(response.body()), ["gif.dithering"]);
    assert_eq!(world.last_work_body()["gif"], json!({ "max_fps": 5, "dithering": { "method": "bayer" } }));
    let job = world.wait_for_status(&id, "stored").await;
    assert_eq!(job["warnings"], response.body()["warnings"]);
    let message = job["warnings"][0]["message"].as_str().expect("a text");
    assert!(message.contains("known: max_fps, repeat"), "{message}");
}

#[tokio::test]
async fn a_request_with_known_options_has_no_warnings() {
    let world = World::start().await;
    let request =
        world.generation_request("animated", json!({ "gif": { "max_fps": 5 }, "image_file_type": "gif" }));
    let response = world.post(&request, &[]).await;
    accepted_job_id(&response);
    assert_eq!(response.body()["warnings"], json!([]));
}

#[tokio::test]
async fn an_option_that_the_provider_does_not_know_either_is_its_rejection() {
    let world = World::start().await;
    world.admin(Method::PUT, "/knobs", json!({ "unknown_options": "refuse" }));
    let response = world.post(&gif_request(&world), &[]).await;
    let rejection = assert_problem(&response, 422, "provider-refused-request");
    assert_eq!(error_fields(rejection), ["gif.dithering"]);
}

#[tokio::test]
async fn a_repeated_request_with_an_unknown_option_returns_the_same_job_and_warnings() {
    let world = World::start().await;
    let key: &[(&str, &str)] = &[("idempotency-key", "open")];
    let first = world.post(&gif_request(&world), key).await;
    let again = world.post(&gif_request(&world), key).await;
    assert_eq!(again.body()["job_id"], first.body()["job_id"]);
    assert_eq!(again.body()["warnings"], first.body()["warnings"]);
    let mut other = gif_request(&world);
    other["gif"]["dithering"] = json!(null);
    assert_problem(&world.post(&other, key).await, 409, "idempotency-mismatch");
}

#[tokio::test]
async fn fps_and_max_fps_of_a_gif_are_the_same_request() {
    let world = World::start().await;
    let key: &[(&str, &str)] = &[("idempotency-key", "fps")];
    let request = |name: &str| {
        world.generation_request("animated", json!({ "image_file_type": "gif", "gif": { name: 5 } }))
    };
    let first = world.post(&request("fps"), key).await;
    accepted_job_id(&first);
    assert_eq!(world.last_work_body()["gif"], json!({ "max_fps": 5 }));
    assert_eq!(first.body()["warnings"], json!([]));
    let again = world.post(&request("max_fps"), key).await;
    assert_eq!(again.body()["job_id"], first.body()["job_id"]);
}
