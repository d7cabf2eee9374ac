//! Builds HTTP responses.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use crate::simulator::{Reply, SendMode};

/// A JSON response.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    bytes_response(status, Some(HeaderValue::from_static("application/json")), Bytes::from(body.to_string()))
}

/// A response of any content type.
pub(crate) fn bytes_response(
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

/// Sends the response unchanged.
pub(crate) fn reply(response: Response<Bytes>) -> Reply {
    Reply { response, send_mode: SendMode::Plain }
}

/// Resets the connection instead of sending a response.
pub(crate) fn reset_connection() -> Reply {
    Reply { response: Response::new(Bytes::new()), send_mode: SendMode::Lost }
}

/// Sends the response after a delay.
pub(crate) fn delayed_reply(response: Response<Bytes>, after: Duration) -> Reply {
    Reply { response, send_mode: SendMode::Late(after) }
}

/// A response with the status, body and headers that a test chose. A string is sent unchanged, anything else as
/// JSON.
pub(crate) fn custom_response(
    status: u16,
    body: &Value,
    content_type: Option<&str>,
    headers: &Map<String, Value>,
) -> Response<Bytes> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = content_type.unwrap_or("application/json");
    let mut response = bytes_response(status, HeaderValue::from_str(content_type).ok(), encode_body(body));
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(&encode_body(value));
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Encodes a body: a string unchanged, null as nothing, anything else as JSON.
pub(crate) fn encode_body(body: &Value) -> Bytes {
    match body {
        Value::Null => Bytes::new(),
        Value::String(text) => Bytes::from(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Bytes::from(body.to_string())
        }
    }
}

/// Sets a header. A value that is not valid in a header is left out.
pub(crate) fn insert_header(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
