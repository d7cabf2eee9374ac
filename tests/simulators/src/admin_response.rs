//! Builds the responses of a simulator's Admin endpoint.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::response;
use crate::simulator::Reply;

/// An error of the Admin endpoint.
#[derive(Debug)]
pub(crate) struct AdminError {
    status: StatusCode,
    message: String,
}

impl AdminError {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("there is no such {what}") }
    }
}

/// Turns the result of an Admin call into a response.
pub(crate) fn admin_response(result: Result<Value, AdminError>) -> Reply {
    response::reply(match result {
        Ok(body) => pretty_json(StatusCode::OK, &body),
        Err(rejected) => pretty_json(rejected.status, &json!({"error": rejected.message})),
    })
}

/// Parses the body of an Admin call as JSON.
pub(crate) fn parse_json_body(request: &Request<Bytes>) -> Result<Value, AdminError> {
    serde_json::from_slice(request.body())
        .map_err(|error| AdminError::bad_request(format!("not JSON: {error}")))
}

/// Formats the body for people, who read these responses too.
fn pretty_json(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = response::json_response(status, body);
    let text = serde_json::to_string_pretty(body).map(|text| text + "\n");
    if let Ok(text) = text {
        *response.body_mut() = Bytes::from(text);
    }
    response
}
