//! The Lambda Runtime API: gives events to one process, one after the other, and takes its answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::{
    cloud::FunctionError,
    function::{error, trace_header},
};

/// What a process answers to an event.
pub(crate) type Answer = Result<Value, FunctionError>;

/// The Runtime API of one process. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    /// Host and port, as `AWS_LAMBDA_RUNTIME_API` names them.
    pub(crate) address: String,
    events: mpsc::UnboundedSender<(String, Bytes)>,
    shared: Shared,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Shared {
    next: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Bytes)>>>,
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<Answer>>>>,
    timeout: Duration,
}

impl RuntimeApi {
    /// Serves on a free port of loopback. Each invocation has `timeout` to answer.
    pub(crate) async fn start(timeout: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (events, next) = mpsc::unbounded_channel();
        let shared =
            Shared { next: Arc::new(tokio::sync::Mutex::new(next)), waiting: Arc::default(), timeout };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_event))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .with_state(shared.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, events, shared, task })
    }

    /// Gives the process an event, byte for byte. The answer comes by the channel.
    pub(crate) fn invoke(&self, event: Bytes) -> oneshot::Receiver<Answer> {
        let (answered, answer) = oneshot::channel();
        let id = Uuid::new_v4().to_string();
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), answered);
        // The receiver lives as long as this.
        let _ = self.events.send((id, event));
        answer
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn next_event(State(shared): State<Shared>) -> (HeaderMap, Bytes) {
    // Without another event this waits until the process is ended.
    let (id, event) = shared.next.lock().await.recv().await.unwrap_or_default();
    let deadline = SystemTime::now() + shared.timeout;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
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
    (headers, event)
}

// The runtime client sends JSON without saying so, which Lambda takes.
async fn response(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    match serde_json::from_slice(&body) {
        Ok(answer) => shared.pass_on(&id, Ok(answer)),
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn failure(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let failure: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    shared.pass_on(&id, Err(error(&text("errorType"), &text("errorMessage"))))
}

impl Shared {
    fn pass_on(&self, id: &str, answer: Answer) -> StatusCode {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        match waiting.map(|waiting| waiting.send(answer)) {
            Some(Ok(())) => StatusCode::ACCEPTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
