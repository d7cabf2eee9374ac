//! The Lambda Runtime API: sends events to one process, one after the other, and receives its responses.

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
    function::{function_error, trace_header},
};

/// The response of a function to an event, or the error that it reports.
pub(crate) type InvocationResult = Result<Value, FunctionError>;

/// The Runtime API of one process. Dropping it stops the server.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    /// Host and port, for `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) address: String,
    events: mpsc::UnboundedSender<(String, Bytes)>,
    state: RuntimeState,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct RuntimeState {
    events: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Bytes)>>>,
    pending: Arc<Mutex<HashMap<String, oneshot::Sender<InvocationResult>>>>,
    timeout: Duration,
}

impl RuntimeApi {
    /// Listens on a free loopback port. `timeout` is the deadline of each invocation.
    pub(crate) async fn start(timeout: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (events, receiver) = mpsc::unbounded_channel();
        let state = RuntimeState {
            events: Arc::new(tokio::sync::Mutex::new(receiver)),
            pending: Arc::default(),
            timeout,
        };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(take_next_event))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(receive_response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(receive_error))
            .with_state(state.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, events, state, task })
    }

    /// Queues an event for the process, byte for byte. The result arrives on the returned channel.
    pub(crate) fn invoke(&self, event: Bytes) -> oneshot::Receiver<InvocationResult> {
        let (sender, result) = oneshot::channel();
        let id = Uuid::new_v4().to_string();
        self.state.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), sender);
        // Cannot fail: `self.state` holds the receiver.
        let _ = self.events.send((id, event));
        result
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take_next_event(State(state): State<RuntimeState>) -> (HeaderMap, Bytes) {
    // Without another event this request waits until the process ends.
    let (id, event) = state.events.lock().await.recv().await.unwrap_or_default();
    let deadline = SystemTime::now() + state.timeout;
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

// The runtime client sends JSON without a content type, which Lambda accepts.
async fn receive_response(
    State(state): State<RuntimeState>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    match serde_json::from_slice(&body) {
        Ok(response) => state.complete(&id, Ok(response)),
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn receive_error(State(state): State<RuntimeState>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let failure: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    state.complete(&id, Err(function_error(&text("errorType"), &text("errorMessage"))))
}

impl RuntimeState {
    /// Passes the result to the caller of [`RuntimeApi::invoke`].
    fn complete(&self, id: &str, result: InvocationResult) -> StatusCode {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        match pending.map(|pending| pending.send(result)) {
            Some(Ok(())) => StatusCode::ACCEPTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
