//! A stack of its own for each story, and the few things that every story does.

use std::ops::Deref;

use harness::{BUCKET, Stack, StackOptions, simulators::SimulatorHost, until};
use http::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running stack with an impatient provider, on data of its own.
pub(crate) struct World {
    pub(crate) stack: Stack,
    _data: TempDir,
}

impl Deref for World {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}

impl World {
    /// The usual world.
    pub(crate) async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// A world with other settings. Waits are short: exports take 50 ms, retries come after a second.
    pub(crate) async fn start_with(change: impl FnOnce(StackOptions) -> StackOptions) -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let mut options = StackOptions::new(data.path())
            .variable("RETRY_SECONDS", "1")
            .variable("LEASE_SECONDS", "3")
            .variable("LOOKUP_DELAY_SECONDS", "1")
            .variable("PROVIDER_TIMEOUT_SECONDS", "2");
        options.dynamodb_in_memory = true;
        let stack = Stack::start(change(options)).await.expect("a stack");
        let world = Self { stack, _data: data };
        world.admin(Method::PUT, "/knobs", json!({ "export_latency_seconds": 0.05, "gateway_per_second": 0, "tiers": [] }));
        world
    }

    pub(crate) fn abyssale(&self) -> &SimulatorHost {
        self.simulator("abyssale")
    }

    /// Calls the control of Abyssale's simulator.
    pub(crate) fn admin(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.abyssale().admin(method, path, &body);
        answer.unwrap_or_else(|refused| panic!("{path}: {} {}", refused.status, refused.body))
    }

    /// The first banner ids of the workspace.
    pub(crate) fn banner_ids(&self, count: usize) -> Vec<Value> {
        let ids = self.abyssale().describe()["banner_ids"].as_array().cloned().unwrap_or_default();
        ids.into_iter().take(count).collect()
    }

    /// A request for an export of so many banners.
    pub(crate) fn export(&self, count: usize) -> Value {
        json!({ "provider": "abyssale", "kind": "export", "banner_ids": self.banner_ids(count) })
    }

    /// `POST /jobs`.
    pub(crate) async fn post(&self, body: &Value, headers: &[(&str, &str)]) -> Response<Value> {
        let url = format!("{}/jobs", self.submit.url);
        self.http.json(Method::POST, &url, headers, body).await.expect("an answer")
    }

    /// Submits an export and returns the job's id.
    pub(crate) async fn submitted(&self, count: usize) -> String {
        let answer = self.post(&self.export(count), &[]).await;
        assert_eq!(answer.status(), 202, "{}", answer.body());
        answer.body()["job_id"].as_str().expect("an id").to_owned()
    }

    /// `GET /jobs/{id}`.
    pub(crate) async fn job(&self, id: &str) -> Value {
        let url = format!("{}/jobs/{id}", self.submit.url);
        let answer = self.http.json(Method::GET, &url, &[], &Value::Null).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", answer.body());
        answer.into_body()
    }

    /// Waits until the job has this status.
    pub(crate) async fn ends(&self, id: &str, status: &str) -> Value {
        until(&format!("job {id} is {status}"), || async {
            let job = self.job(id).await;
            let there = job["status"] == status;
            let elsewhere = ["stored", "partial", "failed"].iter().any(|end| job["status"] == *end);
            assert!(there || !elsewhere, "expected {status}: {job:#}");
            there.then_some(job)
        })
        .await
    }

    /// An object's bytes.
    pub(crate) async fn object(&self, key: &str) -> Vec<u8> {
        let object = self.aws.s3.get_object().bucket(BUCKET).key(key).send().await.expect("an object");
        object.body.collect().await.expect("its bytes").to_vec()
    }

    /// How many export POSTs the provider accepted.
    pub(crate) fn accepted_posts(&self) -> u64 {
        self.admin(Method::GET, "/exports", Value::Null)["accepted_posts"].as_u64().expect("a count")
    }
}
