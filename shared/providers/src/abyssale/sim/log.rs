//! The log of requests that reached the API and Files doors.

use std::collections::VecDeque;

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use crate::sim::{Door, Manner, Reply};

use super::Moment;

/// Older requests are forgotten.
const KEPT: usize = 5_000;
/// Longer bodies are cut in the log.
const SHOWN: usize = 16 * 1024;

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    entries: VecDeque<Value>,
}

impl RequestLog {
    pub(super) fn note(&mut self, door: Door, request: &Request<Bytes>, reply: &Reply, at: Moment) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let body = request.body();
        self.entries.push_back(json!({
            "at": at.now.unix_timestamp(),
            "milliseconds": i64::try_from(at.wall.unix_timestamp_nanos() / 1_000_000).ok(),
            "door": match door {
                Door::Api => "api",
                Door::Files => "files",
                Door::Admin => "admin",
            },
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": request.uri().query(),
            "headers": headers(request),
            "body": String::from_utf8_lossy(&body[..body.len().min(SHOWN)]),
            "status": match reply.manner {
                Manner::Lost => None,
                _ => Some(reply.response.status().as_u16()),
            },
            "manner": format!("{:?}", reply.manner),
        }));
    }

    /// The entries whose `door`, `method` and `path` are as the query asks.
    pub(super) fn list(&self, query: &str) -> Value {
        let wanted: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let fits = |entry: &&Value| wanted.iter().all(|(name, value)| entry[name.as_ref()] == value.as_ref());
        self.entries.iter().filter(fits).cloned().collect()
    }
}

/// Headers as text; the key is shortened, so that a log can be shown to others.
fn headers(request: &Request<Bytes>) -> Map<String, Value> {
    let text = |name: &str, value: &[u8]| {
        let value = String::from_utf8_lossy(value).into_owned();
        if name == "x-api-key" { format!("{}…", value.chars().take(4).collect::<String>()) } else { value }
    };
    let headers = request.headers().iter();
    headers.map(|(name, value)| (name.to_string(), text(name.as_str(), value.as_bytes()).into())).collect()
}
