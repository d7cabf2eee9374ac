//! How the Admin endpoint of a simulator answers.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::response;
use crate::simulator::Reply;

/// Why the Admin endpoint refuses.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(crate) fn unknown(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("there is no such {what}") }
    }
}

/// The answer to a call of the endpoint.
pub(crate) fn answered(result: Result<Value, Refused>) -> Reply {
    response::plain(match result {
        Ok(body) => pretty(StatusCode::OK, &body),
        Err(refused) => pretty(refused.status, &json!({"error": refused.message})),
    })
}

/// The body of a call of the endpoint.
pub(crate) fn json_body(request: &Request<Bytes>) -> Result<Value, Refused> {
    serde_json::from_slice(request.body()).map_err(|error| Refused::bad(format!("not JSON: {error}")))
}

/// People read these answers too.
fn pretty(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = response::plain_json(status, body);
    let text = serde_json::to_string_pretty(body).map(|text| text + "\n");
    if let Ok(text) = text {
        *response.body_mut() = Bytes::from(text);
    }
    response
}
