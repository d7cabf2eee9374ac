//! A scripted AI Studios server. Every call gets the next of the replies that the test scripted for it; the last
//! reply repeats. The server records every request.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::State, response::Response};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Longer than any timeout in these tests.
const NO_REPLY: Duration = Duration::from_secs(20);
/// The id of the project in these tests.
pub(super) const PROJECT: &str = "66b1f0c2a9d3e84f57c10a2b";

/// A scripted reply.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// This data in the provider's envelope.
    Data(Value),
    /// This status and body, unchanged.
    Raw(u16, String),
    /// This status with one header.
    WithHeader(u16, &'static str, &'static str),
    /// No response before the client's timeout.
    Never,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub(super) struct RecordedRequest {
    /// The name of the call, as in [`ScriptedStudio::reply_with`].
    pub(super) call: String,
    pub(super) path: String,
    pub(super) token: Option<String>,
    pub(super) body: Value,
}

#[derive(Debug, Default)]
struct Script {
    answers: HashMap<String, VecDeque<Reply>>,
    requests: Vec<RecordedRequest>,
    tokens: u32,
}

/// The running server.
#[derive(Debug, Clone)]
pub(super) struct ScriptedStudio {
    /// The origin of its API.
    pub(super) api: String,
    /// The origin of its files.
    pub(super) files: String,
    script: Arc<Mutex<Script>>,
}

impl ScriptedStudio {
    /// Starts a server with one project that was never exported. It accepts an export.
    pub(super) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let api = start_server(script.clone(), api_call_name).await;
        let files = start_server(script.clone(), file_call_name).await;
        let studio = Self { api, files, script };
        studio.reply_with("export", [Reply::Data(json!({ "projectId": PROJECT }))]);
        studio.reply_with("project", [Reply::Data(json!({ "project": { "_id": PROJECT } }))]);
        studio.reply_with("progress", [Reply::Data(json!({ "progress": 0 }))]);
        studio.reply_with("file", [Reply::Raw(200, String::new())]);
        studio
    }

    fn with_script<T>(&self, work: impl FnOnce(&mut Script) -> T) -> T {
        work(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Scripts the replies to `progress`, `project`, `export`, `creation progress`, `topic`, `create`, `custom`, `token`,
    /// `auth`, `workspaces` or `file`.
    pub(super) fn reply_with(&self, call: &str, answers: impl IntoIterator<Item = Reply>) {
        self.with_script(|script| script.answers.insert(call.to_owned(), answers.into_iter().collect()));
    }

    /// Scripts the reply to every further poll.
    pub(super) fn set_progress(&self, progress: Value) {
        self.reply_with("progress", [Reply::Data(progress)]);
    }

    /// Makes the video available.
    pub(super) fn complete_video(&self) {
        self.set_progress(json!({ "progress": 100, "state": "exported", "downloadUrl": self.video_url() }));
    }

    /// The URL of the video.
    pub(super) fn video_url(&self) -> String {
        format!("{}/export/spring.mp4", self.files)
    }

    /// The recorded requests of one call.
    pub(super) fn requests(&self, call: &str) -> Vec<RecordedRequest> {
        self.with_script(|script| {
            script.requests.iter().filter(|request| request.call == call).cloned().collect()
        })
    }

    /// The number of recorded requests of these calls.
    pub(super) fn request_count(&self, calls: &[&str]) -> usize {
        calls.iter().map(|call| self.requests(call).len()).sum()
    }
}

/// The smallest content that is recognised as an MP4.
pub(super) fn video_bytes() -> Vec<u8> {
    let mut video = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41".to_vec();
    video.extend(b"\0\0\x40\x08free");
    video.extend(std::iter::repeat_n(7, 0x4000));
    video
}

async fn start_server(script: Arc<Mutex<Script>>, name: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let app = Router::new().fallback(respond).with_state((script, name));
    tokio::spawn(async move { axum::serve(listener, app).await });
    origin
}

fn api_call_name(path: &str) -> String {
    let path = path.trim_start_matches("/api/odin/v3");
    let call = match path {
        "/automation/progress" => "creation progress",
        "/automation/topic_to_video" => "topic",
        "/editor/project" => "create",
        "/simple/custom" => "custom",
        "/auth/token" => "token",
        "/auth" => "auth",
        "/editor/project/export" => "export",
        "/dropdown/workspaces" => "workspaces",
        path if path.starts_with("/editor/progress/") => "progress",
        path if path.starts_with("/editor/project/") => "project",
        other => other,
    };
    call.to_owned()
}

fn file_call_name(_path: &str) -> String {
    "file".to_owned()
}

type ServerContext = (Arc<Mutex<Script>>, fn(&str) -> String);

async fn respond(State((script, name)): State<ServerContext>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = head.uri.path().to_owned();
    let call = name(&path);
    let token =
        head.headers.get(header::AUTHORIZATION).and_then(|token| token.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let reply = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.requests.push(RecordedRequest { call: call.clone(), path, token, body });
        next_reply(&mut script, &call)
    };
    let envelope = |data: &Value| json!({ "success": true, "data": data }).to_string();
    let (status, header, body) = match reply {
        Reply::Never => {
            tokio::time::sleep(NO_REPLY).await;
            return Response::default();
        }
        Reply::Data(data) => (200, None, envelope(&data).into_bytes()),
        Reply::Raw(200, empty) if empty.is_empty() && call == "file" => (200, None, video_bytes()),
        Reply::Raw(status, body) => (status, None, body.into_bytes()),
        Reply::WithHeader(status, name, value) => (status, Some((name, value)), vec![]),
    };
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).expect("a response")
}

fn next_reply(script: &mut Script, call: &str) -> Reply {
    let answers = script.answers.entry(call.to_owned()).or_default();
    let reply = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
    match (reply, call) {
        (Some(reply), _) => reply,
        (None, "token") => {
            script.tokens += 1;
            Reply::Data(json!({ "token": access_token(script.tokens) }))
        }
        (None, other) => Reply::Raw(404, error_body(4040, &format!("there is no {other}"))),
    }
}

/// A token with a lifetime of one day, and with its number in its text.
fn access_token(number: u32) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = json!({ "iat": 1_000_000, "exp": 1_086_400 });
    format!("token{number}.{}.signature", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// An error in the provider's envelope.
pub(super) fn error_body(code: u16, message: &str) -> String {
    json!({ "success": false, "error": { "code": code, "msg": message } }).to_string()
}
