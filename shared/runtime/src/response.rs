//! The responses of a function: to an HTTP request, and to a batch of queue messages.

use model::Error;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Problem;

/// A response to a request of an HTTP API of API Gateway.
#[derive(Debug)]
pub struct ApiGatewayResponse {
    status: u16,
    headers: Map<String, Value>,
    body: String,
}

impl ApiGatewayResponse {
    /// A response with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let response = Self { status, headers: Map::new(), body: json!(body).to_string() };
        response.with_header("content-type", "application/json")
    }

    /// A response whose body is JSON text.
    pub fn json_text(status: u16, body: &str) -> Self {
        let response = Self { status, headers: Map::new(), body: body.to_owned() };
        response.with_header("content-type", "application/json")
    }

    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Map::new(), body: String::new() }
    }

    /// A response with the problem details of an error (RFC 9457). It also logs the error.
    pub fn from_error(error: &Error) -> Self {
        error.log("request rejected");
        let body = json!(Problem::from(error)).to_string();
        let response = Self { status: error.class.http_status(), headers: Map::new(), body };
        let response = response.with_header("content-type", "application/problem+json");
        match error.retry_after {
            Some(seconds) => response.with_header("retry-after", &seconds.to_string()),
            None => response,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), json!(value));
        self
    }

    /// The response as JSON for API Gateway, payload format 2.0.
    pub fn into_payload(mut self) -> Value {
        self.headers.entry("cache-control").or_insert(json!("no-store"));
        json!({ "statusCode": self.status, "headers": self.headers, "body": self.body, "isBase64Encoded": false })
    }
}

/// A response to a batch of queue messages: the ids of those that failed and become visible again.
#[derive(Debug, Default)]
pub struct SqsBatchResponse(Vec<String>);

impl SqsBatchResponse {
    /// Adds a failed message.
    pub fn add_failure(&mut self, message: String) {
        self.0.push(message);
    }

    /// The response as JSON for the event source mapping, which has `ReportBatchItemFailures` enabled.
    pub fn into_payload(self) -> Value {
        let failures: Vec<Value> = self.0.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": failures })
    }
}
