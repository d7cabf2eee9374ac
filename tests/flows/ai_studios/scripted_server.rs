//! AI Studios by script: every call is answered by the next of the answers that a story gave for it, and the last one
//! stays. Every request is kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::State, response::Response};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Longer than anybody in these stories waits for an answer.
const NEVER: Duration = Duration::from_secs(20);
/// The project that every story is about.
pub(super) const PROJECT: &str = "66b1f0c2a9d3e84f57c10a2b";

/// One answer.
#[derive(Debug, Clone)]
pub(super) enum Says {
    /// In the usual envelope.
    Data(Value),
    /// A status with this body, as it is.
    Raw(u16, String),
    /// A status with this header.
    With(u16, &'static str, &'static str),
    /// Nothing, for as long as anybody waits.
    Nothing,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What it is for, as [`Studio::says`] names it.
    pub(super) call: String,
    pub(super) path: String,
    pub(super) token: Option<String>,
    pub(super) body: Value,
}

#[derive(Debug, Default)]
struct Script {
    answers: HashMap<String, VecDeque<Says>>,
    asked: Vec<Asked>,
    tokens: u32,
}

/// The provider.
#[derive(Debug, Clone)]
pub(super) struct Studio {
    /// Where its API is.
    pub(super) api: String,
    /// Where its files are.
    pub(super) files: String,
    script: Arc<Mutex<Script>>,
}

impl Studio {
    /// A provider that has a project nobody ever exported, and takes an export of it.
    pub(super) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let api = serve(script.clone(), api).await;
        let files = serve(script.clone(), file).await;
        let studio = Self { api, files, script };
        studio.says("export", [Says::Data(json!({ "projectId": PROJECT }))]);
        studio.says("project", [Says::Data(json!({ "project": { "_id": PROJECT } }))]);
        studio.says("progress", [Says::Data(json!({ "progress": 0 }))]);
        studio.says("file", [Says::Raw(200, String::new())]);
        studio
    }

    fn script<T>(&self, work: impl FnOnce(&mut Script) -> T) -> T {
        work(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is answered from now on to `progress`, `project`, `export`, `token`, `auth`, `workspaces` or `file`.
    pub(super) fn says(&self, call: &str, answers: impl IntoIterator<Item = Says>) {
        self.script(|script| script.answers.insert(call.to_owned(), answers.into_iter().collect()));
    }

    /// The progress from now on.
    pub(super) fn progresses(&self, progress: Value) {
        self.says("progress", [Says::Data(progress)]);
    }

    /// The video is there.
    pub(super) fn is_done(&self) {
        self.progresses(json!({ "progress": 100, "state": "exported", "downloadUrl": self.video() }));
    }

    /// Where the video is.
    pub(super) fn video(&self) -> String {
        format!("{}/export/spring.mp4", self.files)
    }

    /// The requests of a kind.
    pub(super) fn asked(&self, call: &str) -> Vec<Asked> {
        self.script(|script| script.asked.iter().filter(|asked| asked.call == call).cloned().collect())
    }

    /// How many requests of these kinds came.
    pub(super) fn count(&self, calls: &[&str]) -> usize {
        calls.iter().map(|call| self.asked(call).len()).sum()
    }
}

/// An MP4 as far as anybody here looks.
pub(super) fn video() -> Vec<u8> {
    let mut video = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41".to_vec();
    video.extend(b"\0\0\x40\x08free");
    video.extend(std::iter::repeat_n(7, 0x4000));
    video
}

async fn serve(script: Arc<Mutex<Script>>, name: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let app = Router::new().fallback(answer).with_state((script, name));
    tokio::spawn(async move { axum::serve(listener, app).await });
    origin
}

fn api(path: &str) -> String {
    let path = path.trim_start_matches("/api/odin/v3");
    let call = match path {
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

fn file(_path: &str) -> String {
    "file".to_owned()
}

type Served = (Arc<Mutex<Script>>, fn(&str) -> String);

async fn answer(State((script, name)): State<Served>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = head.uri.path().to_owned();
    let call = name(&path);
    let token =
        head.headers.get(header::AUTHORIZATION).and_then(|token| token.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let says = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.asked.push(Asked { call: call.clone(), path, token, body });
        next(&mut script, &call)
    };
    let envelope = |data: &Value| json!({ "success": true, "data": data }).to_string();
    let (status, header, body) = match says {
        Says::Nothing => {
            tokio::time::sleep(NEVER).await;
            return Response::default();
        }
        Says::Data(data) => (200, None, envelope(&data).into_bytes()),
        Says::Raw(200, empty) if empty.is_empty() && call == "file" => (200, None, video()),
        Says::Raw(status, body) => (status, None, body.into_bytes()),
        Says::With(status, name, value) => (status, Some((name, value)), vec![]),
    };
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).expect("a response")
}

fn next(script: &mut Script, call: &str) -> Says {
    let answers = script.answers.entry(call.to_owned()).or_default();
    let says = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
    match (says, call) {
        (Some(says), _) => says,
        (None, "token") => {
            script.tokens += 1;
            Says::Data(json!({ "token": token(script.tokens) }))
        }
        (None, other) => Says::Raw(404, refusal(4040, &format!("there is no {other}"))),
    }
}

/// A token of a day that names its number.
fn token(number: u32) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = json!({ "iat": 1_000_000, "exp": 1_086_400 });
    format!("token{number}.{}.signature", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// A refusal in the usual envelope.
pub(super) fn refusal(code: u16, message: &str) -> String {
    json!({ "success": false, "error": { "code": code, "msg": message } }).to_string()
}
