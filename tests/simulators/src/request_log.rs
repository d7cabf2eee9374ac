//! The log of requests that reached the API and Files endpoints.

use std::collections::VecDeque;

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use crate::simulator::{Endpoint, Reply, SendMode};
use crate::virtual_clock::Moment;

/// Older requests are dropped.
const MAX_ENTRIES: usize = 5_000;
/// Longer bodies are cut in the log.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// Headers that carry a key or a token.
const SECRET_HEADERS: [&str; 2] = ["x-api-key", "authorization"];
/// Fields of JSON bodies that carry a key.
const SECRET_FIELDS: [&str; 1] = ["userKey"];

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<Value>,
}

impl RequestLog {
    pub(crate) fn record(&mut self, endpoint: Endpoint, request: &Request<Bytes>, reply: &Reply, at: Moment) {
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(json!({
            "at": at.now.unix_timestamp(),
            "milliseconds": i64::try_from(at.wall.unix_timestamp_nanos() / 1_000_000).ok(),
            "endpoint": match endpoint {
                Endpoint::Api => "api",
                Endpoint::Files => "files",
                Endpoint::Admin => "admin",
            },
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": request.uri().query(),
            "headers": loggable_headers(request),
            "body": loggable_body(request.body()),
            "status": match reply.send_mode {
                SendMode::Lost => None,
                _ => Some(reply.response.status().as_u16()),
            },
            "manner": format!("{:?}", reply.send_mode),
        }));
    }

    /// Returns the entries that match the query's `endpoint`, `method` and `path`.
    pub(crate) fn list(&self, query: &str) -> Value {
        let requested: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let fits =
            |entry: &&Value| requested.iter().all(|(name, value)| entry[name.as_ref()] == value.as_ref());
        self.entries.iter().filter(fits).cloned().collect()
    }
}

/// Returns the body as text, cut when it is long. Secret fields of a JSON body are shortened.
fn loggable_body(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY_BYTES)]);
    if !SECRET_FIELDS.iter().any(|name| text.contains(name)) {
        return text.into_owned();
    }
    // A body that is not valid JSON cannot be masked.
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return "…".to_owned() };
    for (name, value) in &mut fields {
        if SECRET_FIELDS.contains(&name.as_str()) {
            *value = shorten_secret(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)).into();
        }
    }
    Value::Object(fields).to_string()
}

/// Returns the first characters of a secret, enough to see what kind it is.
fn shorten_secret(secret: &str) -> String {
    format!("{}…", secret.chars().take(4).collect::<String>())
}

/// Returns the headers as text. Secrets are shortened, so that a log can be shared.
fn loggable_headers(request: &Request<Bytes>) -> Map<String, Value> {
    let text = |name: &str, value: &[u8]| {
        let value = String::from_utf8_lossy(value).into_owned();
        if SECRET_HEADERS.contains(&name) { shorten_secret(&value) } else { value }
    };
    let headers = request.headers().iter();
    headers.map(|(name, value)| (name.to_string(), text(name.as_str(), value.as_bytes()).into())).collect()
}

#[cfg(test)]
mod tests {
    //! What the log may show.

    use super::*;

    #[test]
    fn secrets_in_bodies_are_shortened() {
        let logged = |body: &'static str| loggable_body(&Bytes::from_static(body.as_bytes()));
        assert_eq!(logged(r#"{"appId":"a","userKey":"uk_secret"}"#), r#"{"appId":"a","userKey":"uk_s…"}"#);
        assert_eq!(logged(r#"{"userKey":"uk_secret""#), "…", "invalid JSON cannot be masked");
        assert_eq!(logged("{ \"a\": 1 }"), "{ \"a\": 1 }", "other bodies are logged unchanged");
    }
}
