//! Connects to a deployed stack by its description, and runs the provider's simulator at the address that the stack uses.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use harness::{
    AwsClients,
    simulators::{Ports, SimulatorHost},
    until,
};
use http::{Method, Request, Response};
use http_client::{MAX_RESPONSE_BYTES, ProviderHttpClient};
use runtime::Environment;
use serde_json::{Value, json};

use crate::signed_request::{JSON, ServiceRequest, send_signed, send_unsigned};

/// A deployed stack with its simulator.
pub(crate) struct Deployed {
    pub(crate) described: Value,
    pub(crate) aws: AwsClients,
    pub(crate) simulator: SimulatorHost,
    sender: ProviderHttpClient,
}

impl Deployed {
    /// Connects to the stack that `LANDFALL_STACK` describes, starts the simulator and writes its keys to the stack's
    /// secret. Returns `None` if the variable is not set.
    pub(crate) async fn connect() -> Option<Self> {
        let environment = Environment::from_process();
        let file = environment.optional("LANDFALL_STACK")?.to_owned();
        let text = fs::read_to_string(&file).expect("LANDFALL_STACK names a readable file");
        let described: Value = serde_json::from_str(&text).expect("the description is JSON");
        let aws = AwsClients::new(&variables(&described)).expect("the description is complete");
        let api: url::Url = text_of(&described["providers"]["abyssale"], "api_url").parse().expect("a URL");
        let port = api.port().expect("a port");
        let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let run = u64::try_from(run).expect("soon");
        let ports = Ports { api: port, files: port + 1, admin: port + 2 };
        // The preceding flow may not have closed them yet.
        let simulator = until("the simulator's ports are free", || async {
            let simulator = simulators::simulator_for("abyssale", 1, run).expect("a simulator");
            SimulatorHost::start(simulator, ports).await.ok()
        })
        .await;
        let sender = ProviderHttpClient::new().expect("a client");
        let deployed = Self { described, aws, simulator, sender };
        let keys = deployed.simulator.with(|simulator| simulator.credentials());
        deployed.write_keys(keys).await;
        Some(deployed)
    }

    /// Writes the provider's keys to the stack's secret. The simulator's keys are the same in every run. If the stack used
    /// other keys before, its functions may cache those for up to five minutes.
    async fn write_keys(&self, keys: Value) {
        let mut secret = self.secret().await;
        secret["providers"]["abyssale"] = keys;
        let put = self.aws.secrets.put_secret_value().secret_id(self.text("secret_id"));
        put.secret_string(secret.to_string()).send().await.expect("the secret is written");
    }

    /// Reads the stack's secret.
    pub(crate) async fn secret(&self) -> Value {
        let id = self.text("secret_id");
        let known = self.aws.secrets.get_secret_value().secret_id(id).send().await.expect("the secret");
        serde_json::from_str(known.secret_string().expect("text")).expect("JSON")
    }

    /// Writes these signing secrets and the simulator's API key to the stack's secret.
    pub(crate) async fn store_signing_secrets(&self, secrets: &Value) {
        let mut keys = self.simulator.with(|simulator| simulator.credentials());
        keys["signing_secrets"] = secrets.clone();
        self.write_keys(keys).await;
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        text_of(&self.described, name)
    }

    pub(crate) fn has_roles(&self) -> bool {
        self.described["auth"] == true
    }

    /// Sends a request to the submit API, signed for IAM authorization.
    pub(crate) async fn submit_api(&self, method: Method, path: &str, body: &Value) -> Response<Value> {
        let url = format!("{}{path}", self.text("submit_url"));
        let request = ServiceRequest { service: "execute-api", method, url: &url, headers: JSON, body };
        send_signed(&self.sender, &self.described, request).await
    }

    /// Sends an unsigned request to the webhook API.
    pub(crate) async fn webhook_api(&self, path: &str, body: &Value) -> Response<Value> {
        self.post_unsigned("webhook_url", path, body).await
    }

    /// Sends an unsigned request to an API.
    pub(crate) async fn post_unsigned(&self, api: &str, path: &str, body: &Value) -> Response<Value> {
        let request = Request::post(format!("{}{path}", self.text(api)))
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()));
        send_unsigned(&self.sender, request.expect("a request")).await
    }

    /// Downloads a URL without credentials other than those in the URL.
    pub(crate) async fn download(&self, url: &str) -> Response<Bytes> {
        let request = Request::get(url).body(Bytes::new()).expect("a request");
        self.sender.send(request, Duration::from_secs(30), MAX_RESPONSE_BYTES).await.expect("a response")
    }

    /// Invokes a function and returns its result.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Value {
        let response = self.send_invocation(function, event, JSON).await;
        let failed = response.headers().contains_key("x-amz-function-error");
        assert!(response.status().is_success() && !failed, "{}", response.body());
        response.into_body()
    }

    /// Invokes a function asynchronously.
    pub(crate) async fn invoke_asynchronously(&self, function: &str, event: &Value) {
        let headers = &[JSON[0], ("x-amz-invocation-type", "Event")];
        let response = self.send_invocation(function, event, headers).await;
        assert_eq!(response.status(), 202, "{}", response.body());
    }

    async fn send_invocation(
        &self,
        function: &str,
        event: &Value,
        headers: &[(&'static str, &'static str)],
    ) -> Response<Value> {
        let region = self.text("region");
        let aws = format!("https://lambda.{region}.amazonaws.com");
        let endpoint = self.described["aws_endpoint"].as_str().unwrap_or(&aws);
        let name = text_of(&self.described["functions"], function);
        let url = format!("{endpoint}/2015-03-31/functions/{name}/invocations");
        let request =
            ServiceRequest { service: "lambda", method: Method::POST, url: &url, headers, body: event };
        send_signed(&self.sender, &self.described, request).await
    }

    /// Calls an operation of Step Functions, which must succeed.
    pub(crate) async fn step_functions(&self, operation: &str, input: &Value) -> Value {
        let region = self.text("region");
        let aws = format!("https://states.{region}.amazonaws.com");
        let url = format!("{}/", self.described["aws_endpoint"].as_str().unwrap_or(&aws));
        let target = format!("AWSStepFunctions.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let request = ServiceRequest {
            service: "states",
            method: Method::POST,
            url: &url,
            headers: &headers,
            body: input,
        };
        let response = send_signed(&self.sender, &self.described, request).await;
        assert!(response.status().is_success(), "{operation}: {}", response.body());
        response.into_body()
    }

    /// Calls the Admin endpoint of the provider's simulator.
    pub(crate) fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let response = self.simulator.admin(method, path, body);
        response.unwrap_or_else(|error| panic!("{path}: {} {}", error.status, error.body))
    }

    /// Runs `deploy.sh` with these arguments.
    pub(crate) fn run_deploy_script(&self, arguments: &[&str]) {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deployed/deploy.sh");
        let status = Command::new(script).args(arguments).status().expect("the script runs");
        assert!(status.success(), "deploy.sh {arguments:?}");
    }

    /// Creates AWS clients with the credentials of a function's role.
    pub(crate) fn assume_role(&self, function: &str) -> AwsClients {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deployed/deploy.sh");
        let output = Command::new(script).args(["assume-role", function]).output().expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let credentials: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let mut described = self.described.clone();
        for name in ["access_key_id", "secret_access_key", "session_token"] {
            described[name] = credentials[name].clone();
        }
        AwsClients::new(&variables(&described)).expect("the description is complete")
    }

    /// Reads the status of the job's item from the table.
    pub(crate) async fn item(&self, job: &str) -> Value {
        let get = self.aws.dynamodb.get_item().table_name(self.text("table")).consistent_read(true);
        let get = get.key("pk", string(job)).key("sk", string("JOB"));
        let item = get.send().await.expect("the table").item.expect("the job's item");
        json!({ "status": item["status"].as_s().expect("text") })
    }

    /// Returns whether the job's item still has a waiting workflow.
    pub(crate) async fn has_waiters(&self, job: &str) -> bool {
        let get = self.aws.dynamodb.get_item().table_name(self.text("table")).consistent_read(true);
        let get = get.key("pk", string(job)).key("sk", string("JOB"));
        get.send().await.expect("the table").item.expect("the job's item").contains_key("notify_targets")
    }

    /// Reads an object of the stack's bucket.
    pub(crate) async fn object(&self, key: &str) -> Vec<u8> {
        let object = self.aws.s3.get_object().bucket(self.text("bucket")).key(key).send().await;
        object.expect("an object").body.collect().await.expect("its bytes").to_vec()
    }

    /// Returns the size of an object in the stack's bucket.
    pub(crate) async fn object_size(&self, key: &str) -> i64 {
        let head = self.aws.s3.head_object().bucket(self.text("bucket")).key(key).send().await;
        head.expect("an object").content_length().expect("a length")
    }

    /// Makes a job due now, as if the provider had been silent for long.
    pub(crate) async fn make_due(&self, job: &str) {
        let update = self.aws.dynamodb.update_item().table_name(self.text("table"));
        let update = update.key("pk", string(job)).key("sk", string("JOB"));
        let update = (update.update_expression("SET due_at = :then"))
            .condition_expression("attribute_exists(due_at)")
            .expression_attribute_values(":then", string("2026-01-01T00:00:00.000Z"));
        update.send().await.expect("the job has a due time");
    }
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("the description has no {name}"))
}

/// Returns the environment variables that configure AWS clients for the stack.
fn variables(described: &Value) -> Environment {
    let names = [
        ("AWS_REGION", "region"),
        ("AWS_ACCESS_KEY_ID", "access_key_id"),
        ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
        ("AWS_SESSION_TOKEN", "session_token"),
        ("AWS_ENDPOINT_URL", "aws_endpoint"),
    ];
    Environment::new(names.map(|(variable, name)| (variable, described[name].as_str().unwrap_or_default())))
}
