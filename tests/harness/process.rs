//! Functions as real processes: the Lambda Runtime API, and the very binary that is deployed, spoken to through
//! it. A flow kills a process in the middle of its work to see what is left.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::{
    Function,
    cloud::FunctionError,
    function::{error, trace_header},
};

type Answer = Result<Value, FunctionError>;

/// Runs one process per invocation at a time, as Lambda does for a function with concurrency one.
#[derive(Debug)]
pub struct WorkerProcesses {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    timeout: Duration,
    child: Mutex<Option<u32>>,
    lines: Arc<Mutex<Vec<String>>>,
}

/// The Runtime API of one process.
#[derive(Debug)]
struct RuntimeApi {
    address: String,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Exchange {
    event: Arc<tokio::sync::Mutex<mpsc::Receiver<Value>>>,
    answer: Arc<Mutex<HashMap<String, oneshot::Sender<Answer>>>>,
    id: String,
    deadline: u128,
}

impl WorkerProcesses {
    /// Processes of this binary with this environment, ended after `timeout`.
    pub fn new(binary: PathBuf, environment: Vec<(String, String)>, timeout: Duration) -> Self {
        let shared = Shared { binary, environment, timeout, child: Mutex::new(None), lines: Arc::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The function that these processes are.
    pub fn function(&self) -> Function {
        let shared = self.shared.clone();
        Arc::new(move |event| {
            let shared = shared.clone();
            Box::pin(async move { shared.invoke(event).await })
        })
    }

    /// The most memory in bytes that the process at work has had resident so far. Linux only.
    pub fn peak_memory(&self) -> Option<u64> {
        let pid = (*self.shared.child.lock().unwrap_or_else(PoisonError::into_inner))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// What the processes have written to standard output so far, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Kills the process that is at work, with SIGKILL. Returns whether there was one.
    pub fn kill(&self) -> bool {
        let child = self.shared.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        let killed =
            child.map(|pid| std::process::Command::new("kill").args(["-9", &pid.to_string()]).status());
        killed.is_some_and(|status| status.is_ok_and(|status| status.success()))
    }
}

impl Shared {
    async fn invoke(&self, event: Value) -> Answer {
        let crashed = |e: std::io::Error| error("Runtime.ExitError", &e.to_string());
        let (answered, answer) = oneshot::channel();
        let api = RuntimeApi::start(event, answered, self.timeout).await.map_err(crashed)?;
        let mut child = self.spawn(&api.address).map_err(crashed)?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = child.id();
        let read = child.stdout.take().map(|output| tokio::spawn(read_lines(output, self.lines.clone())));
        let outcome = tokio::select! {
            answer = answer => answer.unwrap_or_else(|_| Err(error("Runtime.ExitError", "no answer"))),
            _ = child.wait() => Err(error("Runtime.ExitError", "the process ended without an answer")),
            () = tokio::time::sleep(self.timeout) => Err(error("Sandbox.Timedout", "the process ran out of time")),
        };
        self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Already ended, or not needed any more.
        let _ = child.kill().await;
        if let Some(read) = read {
            // Ends with the process.
            let _ = read.await;
        }
        outcome
    }

    fn spawn(&self, runtime_api: &str) -> std::io::Result<Child> {
        Command::new(&self.binary)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", runtime_api),
                ("AWS_LAMBDA_FUNCTION_NAME", "landing"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "local"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Keeps what a process writes, until it ends.
async fn read_lines(output: ChildStdout, lines: Arc<Mutex<Vec<String>>>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl RuntimeApi {
    async fn start(
        event: Value,
        answered: oneshot::Sender<Answer>,
        timeout: Duration,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let id = Uuid::new_v4().to_string();
        let (sender, receiver) = mpsc::channel(1);
        // One event in an empty channel of one always fits.
        let _ = sender.try_send(event);
        let deadline = SystemTime::now() + timeout;
        let exchange = Exchange {
            event: Arc::new(tokio::sync::Mutex::new(receiver)),
            answer: Arc::new(Mutex::new(HashMap::from([(id.clone(), answered)]))),
            id,
            deadline: deadline.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis()),
        };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .with_state(exchange);
        let task = tokio::spawn(async move {
            // Kept open: a closed channel would end the process before its answer is read.
            let _open = sender;
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, task })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn next(State(exchange): State<Exchange>) -> (HeaderMap, Json<Value>) {
    // Only one event ever comes; asking for a second one waits until the process is ended.
    let event = exchange.event.lock().await.recv().await.unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", exchange.id.clone()),
        ("lambda-runtime-deadline-ms", exchange.deadline.to_string()),
        ("lambda-runtime-trace-id", trace_header()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:landing".into(),
        ),
    ] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    (headers, Json(event))
}

// The runtime client sends JSON without saying so, which Lambda takes.
async fn response(State(exchange): State<Exchange>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    match serde_json::from_slice(&body) {
        Ok(answer) => exchange.tell(&id, Ok(answer)),
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn failure(State(exchange): State<Exchange>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let failure: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    exchange.tell(&id, Err(error(&text("errorType"), &text("errorMessage"))))
}

impl Exchange {
    fn tell(&self, id: &str, answer: Answer) -> StatusCode {
        let waiting = self.answer.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        match waiting.map(|waiting| waiting.send(answer)) {
            Some(Ok(())) => StatusCode::ACCEPTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
