//! A caller's webhook endpoint. It records the webhooks and replies as scripted.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use harness::until;
use http::HeaderMap;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, task::JoinHandle};

/// A scripted reply.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    /// This status.
    Status(u16),
    /// This status and a header.
    With(u16, &'static str, &'static str),
    /// No response.
    Never,
}

/// A received webhook.
#[derive(Debug, Clone)]
pub(super) struct ReceivedWebhook {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl ReceivedWebhook {
    /// The body as JSON.
    pub(super) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    /// The value of a header, or an empty text.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the reference implementation of Standard Webhooks accepts the signature.
    pub(super) fn is_signed_with(&self, secret: &Value) -> bool {
        let webhook = Webhook::new(secret.as_str().expect("a secret")).expect("a key");
        webhook.verify(&self.bytes, &self.headers).is_ok()
    }
}

#[derive(Debug, Default)]
struct CallerState {
    webhooks: Vec<ReceivedWebhook>,
    replies: VecDeque<Reply>,
}

/// A running webhook endpoint.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) origin: String,
    state: Arc<Mutex<CallerState>>,
    task: JoinHandle<()>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Caller {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(CallerState::default()));
        let api = Router::new().fallback(respond).with_state(state.clone());
        let task = tokio::spawn(async move {
            // The server runs until the task is aborted.
            let _ = axum::serve(listener, api).await;
        });
        Self { origin, state, task }
    }

    /// The URL that a job names. Its query is a secret of the caller.
    pub(super) fn url(&self) -> String {
        format!("{}/hooks/landfall?key=caller-key", self.origin)
    }

    /// Scripts the next replies. Afterwards the endpoint replies with 204.
    pub(super) fn respond_with(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().expect("no panic").replies = replies.into_iter().collect();
    }

    /// All received webhooks.
    pub(super) fn received_webhooks(&self) -> Vec<ReceivedWebhook> {
        self.state.lock().expect("no panic").webhooks.clone()
    }

    /// Waits until so many webhooks were received. Returns all of them.
    pub(super) async fn wait_for_webhooks(&self, times: usize) -> Vec<ReceivedWebhook> {
        until(&format!("a caller receives {times} webhooks"), || async {
            let webhooks = self.received_webhooks();
            (webhooks.len() >= times).then_some(webhooks)
        })
        .await
    }
}

async fn respond(State(state): State<Arc<Mutex<CallerState>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, 1024 * 1024).await.expect("a body").to_vec();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let reply = {
        let mut state = state.lock().expect("no panic");
        state.webhooks.push(ReceivedWebhook { path, headers: head.headers, bytes });
        state.replies.pop_front().unwrap_or(Reply::Status(204))
    };
    let response = match reply {
        Reply::Status(status) => Response::builder().status(status),
        Reply::With(status, name, value) => Response::builder().status(status).header(name, value),
        Reply::Never => pending().await,
    };
    response.body(Body::empty()).expect("an answer")
}
