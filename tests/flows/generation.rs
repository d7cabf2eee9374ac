//! Banner generation from designs: every output of every design type, and every failure.

mod completion_events;
mod file_failures;
mod file_server;
mod idempotency;
mod large_batches;
mod long_files;
mod open_options;
mod output_formats;
mod partial_results;
mod rejected_requests;
mod submitted_once;

use http::{Method, Response};
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// The first design of a type, with its id and the names of its formats or pages.
    pub(crate) fn design(&self, kind: &str) -> Value {
        let designs = self.abyssale().describe()["designs"][kind][0].clone();
        assert!(designs["id"].is_string(), "no design of type {kind}");
        designs
    }

    /// A generation request for the first design of a type, with additional fields.
    pub(crate) fn generation_request(&self, kind: &str, more: Value) -> Value {
        self.design_request("generation", kind, more)
    }

    /// A request of this kind for the first design of a type.
    pub(crate) fn design_request(&self, kind: &str, design: &str, more: Value) -> Value {
        let id = self.design(design)["id"].clone();
        let mut request = json!({ "provider": "abyssale", "kind": kind, "design_id": id });
        for (name, value) in more.as_object().into_iter().flatten() {
            request[name] = value.clone();
        }
        request
    }

    /// A request for three formats of a static design.
    pub(crate) fn three_format_request(&self) -> Value {
        self.generation_request("static", json!({ "template_format_names": ["square", "story", "postcard"] }))
    }

    /// Submits a request that is accepted. Returns the job's id.
    pub(crate) async fn submit_request(&self, request: &Value) -> String {
        accepted_job_id(&self.post(request, &[]).await)
    }

    /// Submits a request and waits until its job has this status.
    pub(crate) async fn run_job(&self, request: &Value, status: &str) -> Value {
        let id = self.submit_request(request).await;
        self.wait_for_status(&id, status).await
    }

    /// Submits a generation that is ready at once and whose callback is dropped. Returns the job's id and its
    /// callback URL.
    pub(crate) async fn submit_generation_without_callback(&self, request: &Value) -> (String, String) {
        self.admin(Method::PUT, "/knobs", json!({ "generation_latency_seconds": 0 }));
        self.inject_fault(json!({ "on": "delivery", "route": "callback", "kind": "drop" }));
        let id = self.submit_request(request).await;
        let url = self.callback_url(&id);
        (id, url)
    }

    /// The provider's record of its generations.
    pub(crate) fn generations(&self) -> Value {
        self.admin(Method::GET, "/generations", Value::Null)
    }
}

/// The job id in the response to an accepted request.
pub(crate) fn accepted_job_id(response: &Response<Value>) -> String {
    assert_eq!(response.status(), 202, "{}", response.body());
    response.body()["job_id"].as_str().expect("an id").to_owned()
}

/// The names of a manifest's files, sorted.
fn names(manifest: &Value) -> Vec<&str> {
    let files = manifest["files"].as_array().expect("files");
    let mut names: Vec<&str> = files.iter().filter_map(|file| file["name"].as_str()).collect();
    names.sort_unstable();
    names
}

/// Checks that a message contains all of these parts.
pub(crate) fn assert_mentions(message: &Value, parts: &[&str]) {
    let message = message.as_str().expect("a text");
    for part in parts {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}
