//! The test environment of one story (the "world" of behaviour-driven tests), and the actions that many stories
//! share.

use std::{collections::HashMap, ops::Deref};

use aws_sdk_dynamodb::types::AttributeValue;
use harness::{
    BUCKET, SECRET, Stack, StackOptions, TABLE, TOKEN_SECRET, cloud::FunctionError,
    simulators::SimulatorHost, until,
};
use http::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::openapi_conformance;

/// An item of the DynamoDB table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A running stack with short delays and its own data folder.
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
    /// Starts a stack with the default settings.
    pub(crate) async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// Starts a stack with changed settings. Delays are short: the provider takes 50 ms, retries follow after a
    /// second, and Landfall does not limit its requests. The provider does, as it publishes.
    pub(crate) async fn start_with(change: impl FnOnce(StackOptions) -> StackOptions) -> Self {
        crate::log_capture::install_default_subscriber();
        let data = TempDir::new().expect("a temporary folder");
        let mut options = StackOptions::new(data.path())
            .variable("RETRY_BASE_SECONDS", "1")
            .variable("LEASE_SECONDS", "3")
            .variable("LOOKUP_DELAY_SECONDS", "1")
            .variable("PROVIDER_TIMEOUT_SECONDS", "2")
            .variable("ABYSSALE_REQUESTS_PER_SECOND", "0")
            .variable("ABYSSALE_RATE_LIMITS", "none");
        options.dynamodb_in_memory = true;
        let stack = Stack::start(change(options)).await.expect("a stack");
        let world = Self { stack, _data: data };
        world.admin(
            Method::PUT,
            "/knobs",
            json!({
                "export_latency_seconds": 0.05, "generation_latency_seconds": 0.05, "generation_queued_seconds": 0,
            }),
        );
        world
    }

    /// Removes the provider's limits, for stories with more requests than it allows.
    pub(crate) fn remove_provider_limits(&self) {
        self.admin(Method::PUT, "/knobs", json!({ "gateway_per_second": 0, "tiers": {} }));
    }

    pub(crate) fn abyssale(&self) -> &SimulatorHost {
        self.simulator("abyssale")
    }

    /// Calls the admin API of Abyssale's simulator.
    pub(crate) fn admin(&self, method: Method, path: &str, body: Value) -> Value {
        let response = self.abyssale().admin(method, path, &body);
        response.unwrap_or_else(|rejection| panic!("{path}: {} {}", rejection.status, rejection.body))
    }

    /// The first banner ids of the workspace.
    pub(crate) fn banner_ids(&self, count: usize) -> Vec<Value> {
        let ids = self.abyssale().describe()["banner_ids"].as_array().cloned().unwrap_or_default();
        ids.into_iter().take(count).collect()
    }

    /// A request for an export of so many banners.
    pub(crate) fn export_request(&self, count: usize) -> Value {
        json!({ "provider": "abyssale", "kind": "export", "banner_ids": self.banner_ids(count) })
    }

    /// Sends a request to the submit API, and checks that the response matches the API's description. Redirects are
    /// not followed.
    pub(crate) async fn call_api(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response<Value> {
        let url = format!("{}{path}", self.submit.url);
        let response = self.http.json(method.clone(), &url, headers, body).await.expect("a response");
        openapi_conformance::assert_response_described(&method, path, &response);
        response
    }

    /// `POST /jobs`.
    pub(crate) async fn post(&self, body: &Value, headers: &[(&str, &str)]) -> Response<Value> {
        let response = self.call_api(Method::POST, "/jobs", headers, body).await;
        openapi_conformance::assert_request_described(body, &response);
        response
    }

    /// Submits an export and returns the job's id.
    pub(crate) async fn submit_export(&self, count: usize) -> String {
        let response = self.post(&self.export_request(count), &[]).await;
        assert_eq!(response.status(), 202, "{}", response.body());
        response.body()["job_id"].as_str().expect("an id").to_owned()
    }

    /// `GET /jobs/{id}`.
    pub(crate) async fn job(&self, id: &str) -> Value {
        let response = self.call_api(Method::GET, &format!("/jobs/{id}"), &[], &Value::Null).await;
        assert_eq!(response.status(), 200, "{}", response.body());
        response.into_body()
    }

    /// Waits until the job has this status.
    pub(crate) async fn wait_for_status(&self, id: &str, status: &str) -> Value {
        until(&format!("job {id} is {status}"), || async {
            let job = self.job(id).await;
            let is_reached = job["status"] == status;
            let has_ended = ["stored", "partial", "failed"].iter().any(|end| job["status"] == *end);
            assert!(is_reached || !has_ended, "expected {status}: {job:#}");
            is_reached.then_some(job)
        })
        .await
    }

    /// An object's bytes.
    pub(crate) async fn read_object(&self, key: &str) -> Vec<u8> {
        let object = self.aws.s3.get_object().bucket(BUCKET).key(key).send().await.expect("an object");
        object.body.collect().await.expect("its bytes").to_vec()
    }

    /// The number of exports that the provider accepted.
    pub(crate) fn accepted_exports(&self) -> u64 {
        self.admin(Method::GET, "/exports", Value::Null)["accepted_posts"].as_u64().expect("a count")
    }

    /// Makes the provider's API calls, deliveries or downloads fail.
    pub(crate) fn inject_fault(&self, fault: Value) {
        self.admin(Method::POST, "/faults", fault);
    }

    /// Every export request that reached the provider, rejected and lost ones included.
    pub(crate) fn export_requests(&self) -> Vec<Value> {
        let requests =
            self.admin(Method::GET, "/requests?method=POST&path=/async/banners/export", Value::Null);
        requests.as_array().cloned().unwrap_or_default()
    }

    /// Every request for work that reached the provider, of any kind, rejected and lost ones included.
    pub(crate) fn work_requests(&self) -> Vec<Value> {
        let requests = self.admin(Method::GET, "/requests?endpoint=api&method=POST", Value::Null);
        let requests = requests.as_array().cloned().unwrap_or_default();
        requests.into_iter().filter(|post| post["path"] != "/subscribe").collect()
    }

    /// All items of the table.
    pub(crate) async fn table_items(&self) -> Vec<Item> {
        let scan = self.aws.dynamodb.scan().table_name(TABLE).consistent_read(true);
        scan.send().await.expect("a page of items").items().to_vec()
    }

    /// The items of the table that are jobs.
    pub(crate) async fn job_items(&self) -> Vec<Item> {
        let sort_key = |item: &Item| item.get("sk").and_then(|key| key.as_s().ok()).cloned();
        self.table_items().await.into_iter().filter(|item| sort_key(item).as_deref() == Some("JOB")).collect()
    }

    /// Replaces Landfall's secret. The functions keep their cached copies.
    pub(crate) async fn put_secret(&self, secret: &Value) {
        let put = self.aws.secrets.put_secret_value().secret_id(SECRET).secret_string(secret.to_string());
        put.send().await.expect("a new version of the secret");
    }

    /// Landfall's secret.
    pub(crate) async fn secret(&self) -> Value {
        self.secret_at(SECRET).await.1
    }

    /// The secret with the access tokens.
    pub(crate) async fn token_secret(&self) -> Value {
        self.secret_at(TOKEN_SECRET).await.1
    }

    /// The version id and content of a secret.
    pub(crate) async fn secret_at(&self, id: &str) -> (String, Value) {
        let secret = self.aws.secrets.get_secret_value().secret_id(id).send().await.expect("a secret");
        let text = secret.secret_string().expect("a text");
        (secret.version_id().expect("a version").to_owned(), serde_json::from_str(text).expect("JSON"))
    }

    /// Runs the sweep as if so many seconds had passed. A job is due for the first time a minute after its
    /// submission.
    pub(crate) async fn sweep(&self, ahead_seconds: u64) -> Value {
        let event = json!({ "command": "sweep", "ahead_seconds": ahead_seconds });
        (self.worker_function)(event).await.expect("a sweep")
    }

    /// Invokes `submit` directly, as Step Functions does.
    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, FunctionError> {
        (self.submit_function)(event).await
    }
}

/// A job as it is shown by `POST /jobs` and `GET /jobs`.
pub(crate) fn without_deliveries(job: &Value) -> Value {
    let mut job = job.clone();
    job.as_object_mut().expect("an object").remove("deliveries").expect("deliveries");
    job
}

/// Checks that a response is a problem with this status and type. Returns its body.
pub(crate) fn assert_problem<'a>(response: &'a Response<Value>, status: u16, kind: &str) -> &'a Value {
    let body = response.body();
    assert_eq!(response.status(), status, "{body}");
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["type"], format!("urn:landfall:problem:{kind}"), "{body}");
    for member in ["title", "detail"] {
        assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {body}");
    }
    body
}

/// The fields that a problem names.
pub(crate) fn error_fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["field"].as_str()).collect()
}
