//! Plays AI Studios for the local runner: one project that is rendered in a few seconds, with callbacks on the way. It
//! knows the way that everything goes well and no other.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::sim::{Door, Manner, Origins, Outcome, Outgoing, Reply, Simulator};

/// How long a video takes.
const RENDERING: Duration = Duration::from_secs(4);
/// When callbacks are sent, in percent.
const TOLD_AT: [u32; 4] = [25, 50, 75, 100];
/// How long a callback may take (contract 9.5).
const PATIENCE: Duration = Duration::from_secs(5);
/// A second of nothing, which plays.
const VIDEO: &[u8] = include_bytes!("rehearsal/video.mp4");
/// Lifetime of a token in seconds (contract 1.3).
const TOKEN: i64 = 86_400;

/// The provider's side.
pub(super) struct Rehearsal {
    project_id: String,
    user_key: String,
    origins: Option<Origins>,
    export: Option<Export>,
    exports: u64,
}

/// The last export.
struct Export {
    began: OffsetDateTime,
    callback: Option<String>,
    /// How many callbacks were sent.
    told: usize,
}

impl Rehearsal {
    pub(super) fn new(seed: u64) -> Self {
        let project_id = format!("66b1f0c2{seed:016x}");
        Self { project_id, user_key: format!("uk_{seed:016x}"), origins: None, export: None, exports: 0 }
    }

    fn origin(&self, of: fn(&Origins) -> &String) -> &str {
        self.origins.as_ref().map_or("", |origins| of(origins))
    }

    fn percent(&self, now: OffsetDateTime) -> f64 {
        let seconds = self.export.as_ref().map_or(0.0, |export| (now - export.began).as_seconds_f64());
        (seconds / RENDERING.as_secs_f64() * 100.0).clamp(0.0, 100.0)
    }

    fn url(&self) -> String {
        format!("{}/export/{}.mp4", self.origin(|origins| &origins.files), self.project_id)
    }

    fn task(&self) -> String {
        format!("bt-{:08x}", self.exports)
    }

    fn api(&mut self, request: &Request<Bytes>, now: OffsetDateTime) -> (u16, Value) {
        let path = request.uri().path().strip_prefix("/api/odin/v3").unwrap_or_default();
        let sent: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        if (request.method(), path) == (&Method::POST, "/auth/token") {
            return match sent["userKey"] == *self.user_key {
                true => (200, json!({ "success": true, "data": { "token": token(now) } })),
                false => refused(401, 4010, "userKey is not known"),
            };
        }
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return refused(401, 4010, "token is missing");
        }
        let ours = |prefix: &str| path.strip_prefix(prefix) == Some(&self.project_id);
        if (request.method(), path) == (&Method::GET, "/auth") {
            (200, json!({ "success": true, "data": { "isAuthenticated": true } }))
        } else if path == "/dropdown/workspaces" {
            (200, json!({ "success": true, "data": [] }))
        } else if path == "/editor/project/export" && sent["projectId"] == *self.project_id {
            let callback = sent["webhookUrl"].as_str().map(str::to_owned);
            self.export = Some(Export { began: now, callback, told: 0 });
            self.exports += 1;
            (200, json!({ "success": true, "data": { "projectId": self.project_id } }))
        } else if ours("/editor/progress/") {
            (200, json!({ "success": true, "data": self.progress(now, "downloadUrl") }))
        } else if ours("/editor/project/") {
            let mut project = self.progress(now, "download_url");
            project["_id"] = json!(self.project_id);
            project["name"] = json!("Spring onboarding");
            if self.exports > 0 {
                project["backendTaskId"] = json!(self.task());
            }
            (200, json!({ "success": true, "data": { "project": project } }))
        } else {
            refused(404, 4040, "project does not exist")
        }
    }

    fn progress(&self, now: OffsetDateTime, url: &str) -> Value {
        let percent = self.percent(now);
        match &self.export {
            None => json!({ "progress": 0 }),
            Some(_) if percent < 100.0 => json!({ "state": "exporting", "progress": percent }),
            Some(_) => json!({ "state": "exported", "progress": 100, url: self.url() }),
        }
    }

    fn callback(&self, percent: u32) -> Value {
        let mut told = json!({ "progress": percent, "backendTaskId": self.task() });
        if percent == 100 {
            told["credit"] = json!(2);
            told["download_url"] = json!(self.url());
        }
        told
    }
}

impl Simulator for Rehearsal {
    fn set_origins(&mut self, origins: Origins) {
        self.origins = Some(origins);
    }

    fn handle(&mut self, door: Door, request: Request<Bytes>, wall: OffsetDateTime) -> Reply {
        let answer = |status: u16, kind: &str, body: Bytes| {
            let mut response = Response::new(body);
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
            if let Ok(kind) = kind.parse() {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            Reply { response, manner: Manner::Plain }
        };
        match door {
            Door::Api => {
                let (status, body) = self.api(&request, wall);
                answer(status, "application/json", body.to_string().into())
            }
            Door::Files if self.url().ends_with(request.uri().path()) => {
                answer(200, "video/mp4", Bytes::from_static(VIDEO))
            }
            Door::Files | Door::Admin => answer(404, "text/plain", Bytes::from_static(b"nothing here")),
        }
    }

    fn next_due(&self) -> Option<OffsetDateTime> {
        let export = self.export.as_ref().filter(|export| export.callback.is_some())?;
        let percent = TOLD_AT.get(export.told)?;
        Some(export.began + RENDERING.mul_f64(f64::from(*percent) / 100.0))
    }

    fn take_due(&mut self, wall: OffsetDateTime) -> Vec<Outgoing> {
        let mut due = vec![];
        while self.next_due().is_some_and(|at| at <= wall) {
            let Some(export) = &mut self.export else { break };
            let percent = TOLD_AT.get(export.told).copied().unwrap_or(100);
            export.told += 1;
            let callback = export.callback.clone().unwrap_or_default();
            let request = Request::post(callback).header(header::CONTENT_TYPE, "application/json");
            if let Ok(request) = request.body(self.callback(percent).to_string().into()) {
                let delivery = self.exports * 10 + u64::from(percent / 25);
                due.push(Outgoing { delivery, request, timeout: PATIENCE, manner: Manner::Plain });
            }
        }
        due
    }

    fn delivered(&mut self, _delivery: u64, _outcome: Outcome, _wall: OffsetDateTime) {}

    fn describe(&self) -> Value {
        json!({
            "api_url": self.origin(|origins| &origins.api),
            "admin_url": self.origin(|origins| &origins.admin),
            "app_id": "studio.acme",
            "user_key": self.user_key,
            "project_ids": [self.project_id],
        })
    }

    fn credentials(&mut self) -> Value {
        json!({ "app_id": "studio.acme", "user_key": self.user_key })
    }

    fn demonstration(&self) -> Value {
        json!({ "provider": "ai_studios", "kind": "export", "project_id": self.project_id, "resolution": "720" })
    }
}

/// A token that says when it ends (contract 1.3); nobody here looks at its signature.
fn token(now: OffsetDateTime) -> String {
    let issued = now.unix_timestamp();
    let claims = json!({ "appId": "studio.acme", "platform": "web", "iat": issued, "exp": issued + TOKEN });
    let part = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.simulated", part(json!({ "alg": "HS256", "typ": "JWT" })), part(claims))
}

fn refused(status: u16, code: u16, message: &str) -> (u16, Value) {
    (status, json!({ "success": false, "error": { "code": code, "msg": message } }))
}
