//! A local Landfall for each test, and a folder in which the operator runs the real command.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use harness::{BUCKET, SECRET, Stack, StackOptions};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

/// A running local Landfall with a fast provider, and the operator's working folder.
pub(crate) struct Workspace {
    pub(crate) stack: Stack,
    folder: TempDir,
    _data: TempDir,
}

/// The exit code and output of one run of the command.
#[derive(Debug)]
pub(crate) struct CommandResult {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandResult {
    /// Checks the exit code.
    pub(crate) fn expect_exit(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{} {}", self.stdout, self.stderr);
        self
    }

    /// The printed JSON documents, one per line.
    pub(crate) fn documents(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The printed JSON document.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", self.stdout, self.stderr))
    }

    /// The error class of the printed problem JSON.
    pub(crate) fn problem(&self) -> String {
        let problem: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|e| panic!("{e}: {}", self.stderr));
        problem["type"].as_str().expect("a type").trim_start_matches("urn:landfall:problem:").to_owned()
    }
}

/// Runs the command with this environment only, and with pipes as standard streams.
pub(crate) async fn run(
    folder: &Path,
    environment: &[(&str, &str)],
    arguments: &[&str],
    input: &str,
) -> CommandResult {
    let mut child = spawn(folder, environment, arguments);
    let mut stdin = child.stdin.take().expect("a pipe");
    // The command may close the pipe without reading it.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    wait_for_exit(child).await
}

fn spawn(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_landfall"))
        .args(arguments)
        .env_clear()
        .envs([("AWS_REGION", "us-east-1"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .envs(environment.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the command starts")
}

/// Waits for a started command to exit.
pub(crate) async fn wait_for_exit(child: Child) -> CommandResult {
    let output = child.wait_with_output().await.expect("the command ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    CommandResult {
        code: output.status.code().expect("an exit code"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Workspace {
    /// Starts a workspace with the default settings.
    pub(crate) async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// Starts a workspace with other settings. Delays are short: the provider takes 50 ms, retries follow after a second,
    /// and the rate limiter is off.
    pub(crate) async fn start_with(change: impl FnOnce(StackOptions) -> StackOptions) -> Self {
        let (data, folder) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let mut options = StackOptions::new(data.path())
            .variable("RETRY_BASE_SECONDS", "1")
            .variable("ABYSSALE_REQUESTS_PER_SECOND", "0");
        options.dynamodb_in_memory = true;
        let stack = Stack::start(change(options)).await.expect("a running stack");
        let workspace = Self { stack, folder, _data: data };
        let knobs = json!({ "export_latency_seconds": 0.05, "gateway_per_second": 0, "tiers": {} });
        workspace.admin(Method::PUT, "/knobs", &knobs);
        workspace
    }

    /// Runs the command, and checks that it prints no secret and no presigned URL.
    pub(crate) async fn landfall(&self, arguments: &[&str]) -> CommandResult {
        self.landfall_with_input(arguments, "").await
    }

    /// The same, with standard input.
    pub(crate) async fn landfall_with_input(&self, arguments: &[&str], input: &str) -> CommandResult {
        let result = self.landfall_printing_a_url(arguments, input).await;
        assert!(!format!("{result:?}").contains("X-Amz-"), "a signature is printed: {result:?}");
        result
    }

    /// The same for the command that prints a presigned URL. It prints no other secret.
    pub(crate) async fn landfall_printing_a_url(&self, arguments: &[&str], input: &str) -> CommandResult {
        let described = self.stack.describe();
        let result = run(self.folder.path(), &environment(&described), arguments, input).await;
        let printed = format!("{}{}", result.stdout, result.stderr);
        let key = described["secret_access_key"].as_str().expect("a text");
        for secret in self.secrets().await.iter().map(String::as_str).chain([key]) {
            assert!(!printed.contains(secret), "a secret is printed: {result:?}");
        }
        result
    }

    /// Starts the command without waiting for it to exit.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        spawn(self.folder.path(), &environment(&self.stack.describe()), arguments)
    }

    /// Every text in Landfall's Secrets Manager secret.
    async fn secrets(&self) -> Vec<String> {
        fn texts(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::String(text) if !text.is_empty() => found.push(text.clone()),
                Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
                Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
                _ => {}
            }
        }
        let secret =
            self.stack.aws.secrets.get_secret_value().secret_id(SECRET).send().await.expect("a secret");
        let mut found = vec![];
        let mut secret: Value = serde_json::from_str(secret.secret_string().expect("a text")).expect("JSON");
        for section in secret["providers"].as_object_mut().expect("sections").values_mut() {
            // Contains fingerprints, which may be printed.
            section.as_object_mut().expect("a section").remove("signing_secrets_until");
        }
        texts(&secret, &mut found);
        assert!(found.len() > 3, "the secrets are found");
        found
    }

    /// A path in the operator's working folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The paths and bytes of all files below a folder of the working folder.
    pub(crate) fn files(&self, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut files, mut folders) = (vec![], vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((path.clone(), fs::read(path).expect("bytes"))),
                }
            }
        }
        files
    }

    /// Calls the admin API of the provider's simulator.
    pub(crate) fn admin(&self, method: Method, path: &str, body: &Value) -> Value {
        let response = self.stack.simulator("abyssale").admin(method, path, body);
        response.unwrap_or_else(|error| panic!("{path}: {} {}", error.status, error.body))
    }

    /// Injects a fault into the provider's requests, deliveries or downloads.
    pub(crate) fn inject_fault(&self, fault: &Value) {
        self.admin(Method::POST, "/faults", fault);
    }

    /// The number of exports that the provider has accepted.
    pub(crate) fn accepted_exports(&self) -> u64 {
        self.admin(Method::GET, "/exports", &Value::Null)["accepted_posts"].as_u64().expect("a count")
    }

    /// A request for an export of this many banners.
    pub(crate) fn export_request(&self, count: usize) -> String {
        let described = self.stack.simulator("abyssale").describe();
        let banners = &described["banner_ids"].as_array().expect("banners")[..count];
        json!({ "provider": "abyssale", "kind": "export", "banner_ids": banners }).to_string()
    }

    /// Submits a job, waits until it has ended, and checks the exit code.
    pub(crate) async fn run_job_to_end(&self, code: i32) -> Value {
        self.landfall(&["submit", &self.export_request(2), "--wait"]).await.expect_exit(code).document()
    }

    /// Submits a job that stays `submitted`: the provider sends no callback. Returns its ID.
    pub(crate) async fn submit_without_callback(&self) -> String {
        self.inject_fault(&json!({ "on": "delivery", "kind": "drop", "count": null }));
        id(&self.landfall(&["submit", &self.export_request(1)]).await.expect_exit(0).document())
    }

    /// An object's bytes.
    pub(crate) async fn object(&self, file: &Value) -> Vec<u8> {
        let key = file["key"].as_str().expect("a key");
        let object = self.stack.aws.s3.get_object().bucket(BUCKET).key(key).send().await.expect("an object");
        object.body.collect().await.expect("its bytes").to_vec()
    }
}

/// The environment variables with which the command reaches a local Landfall.
fn environment(described: &Value) -> [(&str, &str); 4] {
    let text = |name: &str| described[name].as_str().expect("a text");
    [
        ("AWS_ACCESS_KEY_ID", text("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
        ("AWS_ENDPOINT_URL", text("aws_endpoint")),
        ("LANDFALL_FUNCTION", "submit"),
    ]
}

/// The ID of a job.
pub(crate) fn id(job: &Value) -> String {
    job["job_id"].as_str().expect("an id").to_owned()
}
