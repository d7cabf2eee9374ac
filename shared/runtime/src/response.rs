//! How we answer whatever invoked us.

use model::Error;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Problem;

/// An answer through an HTTP API of API Gateway.
#[derive(Debug)]
pub struct HttpReply {
    status: u16,
    headers: Map<String, Value>,
    body: String,
}

impl HttpReply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let reply = Self { status, headers: Map::new(), body: json!(body).to_string() };
        reply.header("content-type", "application/json")
    }

    /// An answer whose body is JSON as it stands.
    pub fn json_text(status: u16, body: &str) -> Self {
        let reply = Self { status, headers: Map::new(), body: body.to_owned() };
        reply.header("content-type", "application/json")
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Map::new(), body: String::new() }
    }

    /// A failure as problem JSON. Logs it: this is where it is decided what becomes of it.
    pub fn error(error: &Error) -> Self {
        error.log("request refused");
        let body = json!(Problem::from(error)).to_string();
        let reply = Self { status: error.class.http_status(), headers: Map::new(), body };
        let reply = reply.header("content-type", "application/problem+json");
        match error.retry_after {
            Some(seconds) => reply.header("retry-after", &seconds.to_string()),
            None => reply,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), json!(value));
        self
    }

    /// The answer as API Gateway reads it, payload format 2.0.
    pub fn into_event(mut self) -> Value {
        self.headers.entry("cache-control").or_insert(json!("no-store"));
        json!({ "statusCode": self.status, "headers": self.headers, "body": self.body, "isBase64Encoded": false })
    }
}

/// An answer to a batch of queue messages: which of them come back.
#[derive(Debug, Default)]
pub struct QueueReply(Vec<String>);

impl QueueReply {
    /// Notes that a message was not dealt with.
    pub fn failed(&mut self, message: String) {
        self.0.push(message);
    }

    /// The answer as the event source mapping reads it, with `ReportBatchItemFailures` switched on.
    pub fn into_event(self) -> Value {
        let failures: Vec<Value> = self.0.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": failures })
    }
}
