//! A stack of its own for each story, and a desk from which the operator runs the real command.

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

/// A running stack with an impatient provider, and a folder in which the operator works.
pub(crate) struct World {
    pub(crate) stack: Stack,
    folder: TempDir,
    _data: TempDir,
}

/// How a run of the command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Checks the exit code.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{} {}", self.out, self.err);
        self
    }

    /// The documents that were printed, one on a line.
    pub(crate) fn documents(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The one document that was printed.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }

    /// The class of the one failure that was told.
    pub(crate) fn problem(&self) -> String {
        let problem: Value = serde_json::from_str(&self.err).unwrap_or_else(|e| panic!("{e}: {}", self.err));
        problem["type"].as_str().expect("a type").trim_start_matches("urn:landfall:problem:").to_owned()
    }
}

/// The command as a program runs it, with this environment and nothing of the machine's own.
pub(crate) async fn run(folder: &Path, environment: &[(&str, &str)], arguments: &[&str], input: &str) -> Ran {
    let mut child = begin(folder, environment, arguments);
    let mut stdin = child.stdin.take().expect("a pipe");
    // Whoever reads no input may close the pipe.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    ended(child).await
}

fn begin(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Child {
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

/// How a run ended that was begun.
pub(crate) async fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().await.expect("the command ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        code: output.status.code().expect("an exit code"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl World {
    /// The usual world.
    pub(crate) async fn start() -> Self {
        Self::start_with(|options| options).await
    }

    /// A world with other settings. Waits are short: the provider takes 50 ms, retries come after a second, and nobody
    /// keeps the provider's pace.
    pub(crate) async fn start_with(change: impl FnOnce(StackOptions) -> StackOptions) -> Self {
        let (data, folder) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let mut options = StackOptions::new(data.path())
            .variable("RETRY_BASE_SECONDS", "1")
            .variable("ABYSSALE_REQUESTS_PER_SECOND", "0");
        options.dynamodb_in_memory = true;
        let stack = Stack::start(change(options)).await.expect("a stack");
        let world = Self { stack, folder, _data: data };
        let knobs = json!({ "export_latency_seconds": 0.05, "gateway_per_second": 0, "tiers": [] });
        world.admin(Method::PUT, "/knobs", &knobs);
        world
    }

    /// Runs the command, and makes sure that it tells no secret.
    pub(crate) async fn landfall(&self, arguments: &[&str]) -> Ran {
        self.landfall_reading(arguments, "").await
    }

    /// The same with standard input.
    pub(crate) async fn landfall_reading(&self, arguments: &[&str], input: &str) -> Ran {
        let ran = self.landfall_handing_on_a_link(arguments, input).await;
        assert!(!format!("{ran:?}").contains("X-Amz-"), "a signature is told: {ran:?}");
        ran
    }

    /// The same for the one command that is asked for a link. Nothing else is told even then.
    pub(crate) async fn landfall_handing_on_a_link(&self, arguments: &[&str], input: &str) -> Ran {
        let described = self.stack.describe();
        let ran = run(self.folder.path(), &environment(&described), arguments, input).await;
        let told = format!("{}{}", ran.out, ran.err);
        let key = described["secret_access_key"].as_str().expect("a text");
        for secret in self.secrets().await.iter().map(String::as_str).chain([key]) {
            assert!(!told.contains(secret), "a secret is told: {ran:?}");
        }
        ran
    }

    /// Begins a run of the command, for stories in which something happens meanwhile.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        begin(self.folder.path(), &environment(&self.stack.describe()), arguments)
    }

    /// Every text in Landfall's secret.
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
            // Holds fingerprints, which may be told.
            section.as_object_mut().expect("a section").remove("signing_secrets_until");
        }
        texts(&secret, &mut found);
        assert!(found.len() > 3, "the secrets are found");
        found
    }

    /// A place in the folder where the operator works.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every file below a folder of the operator's, by its path, with its bytes.
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

    /// Calls the control of the provider's simulator.
    pub(crate) fn admin(&self, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.stack.simulator("abyssale").admin(method, path, body);
        answer.unwrap_or_else(|refused| panic!("{path}: {} {}", refused.status, refused.body))
    }

    /// Lays a fault in the way of the provider's calls, deliveries or downloads.
    pub(crate) fn trouble(&self, fault: &Value) {
        self.admin(Method::POST, "/faults", fault);
    }

    /// How many exports the provider accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.admin(Method::GET, "/exports", &Value::Null)["accepted_posts"].as_u64().expect("a count")
    }

    /// A request for an export of so many banners.
    pub(crate) fn export(&self, count: usize) -> String {
        let described = self.stack.simulator("abyssale").describe();
        let banners = &described["banner_ids"].as_array().expect("banners")[..count];
        json!({ "provider": "abyssale", "kind": "export", "banner_ids": banners }).to_string()
    }

    /// A job that ended, made by the command.
    pub(crate) async fn ended(&self, code: i32) -> Value {
        self.landfall(&["submit", &self.export(2), "--wait"]).await.ends(code).document()
    }

    /// The id of a job that stays as it is, since the provider never calls back.
    pub(crate) async fn silent(&self) -> String {
        self.trouble(&json!({ "on": "delivery", "kind": "drop", "count": null }));
        id(&self.landfall(&["submit", &self.export(1)]).await.ends(0).document())
    }

    /// An object's bytes.
    pub(crate) async fn object(&self, file: &Value) -> Vec<u8> {
        let key = file["key"].as_str().expect("a key");
        let object = self.stack.aws.s3.get_object().bucket(BUCKET).key(key).send().await.expect("an object");
        object.body.collect().await.expect("its bytes").to_vec()
    }
}

/// What leads the command to a stack.
fn environment(described: &Value) -> [(&str, &str); 4] {
    let text = |name: &str| described[name].as_str().expect("a text");
    [
        ("AWS_ACCESS_KEY_ID", text("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
        ("AWS_ENDPOINT_URL", text("aws_endpoint")),
        ("LANDFALL_FUNCTION", "submit"),
    ]
}

/// A job's id.
pub(crate) fn id(job: &Value) -> String {
    job["job_id"].as_str().expect("an id").to_owned()
}
