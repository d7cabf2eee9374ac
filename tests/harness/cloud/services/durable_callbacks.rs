//! Callbacks of Lambda's durable functions: records what is sent. Every callback id is accepted until its callback is
//! closed. Later requests are rejected as AWS rejects them.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use s3s::Body;
use serde_json::{Value, json};

use super::response::respond;
use crate::cloud::operation::DURABLE_CALLBACKS_PATH;

/// A request to a callback.
#[derive(Clone, Debug, PartialEq)]
pub enum CallbackReport {
    /// SendDurableExecutionCallbackSuccess.
    Success {
        /// The id of the callback.
        id: String,
        /// The result, parsed.
        result: Value,
    },
    /// SendDurableExecutionCallbackFailure.
    Failure {
        /// The id of the callback.
        id: String,
        /// `ErrorType`, `ErrorMessage` and `ErrorData`.
        error: Value,
    },
    /// SendDurableExecutionCallbackHeartbeat.
    Heartbeat {
        /// The id of the callback.
        id: String,
    },
}

/// The requests so far.
#[derive(Debug, Default)]
pub(super) struct DurableCallbacks {
    reports: Mutex<Vec<CallbackReport>>,
}

impl CallbackReport {
    /// The id of the callback.
    pub fn id(&self) -> &str {
        match self {
            Self::Success { id, .. } | Self::Failure { id, .. } | Self::Heartbeat { id } => id,
        }
    }
}

impl DurableCallbacks {
    pub(super) fn all(&self) -> Vec<CallbackReport> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Handles one request.
    pub(super) fn handle_request(&self, path: &str, body: &Bytes) -> Response<Body> {
        let (id, verb) = path
            .strip_prefix(DURABLE_CALLBACKS_PATH)
            .and_then(|rest| rest.split_once('/'))
            .unwrap_or_default();
        let id = id.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        let payload = serde_json::from_slice(body).unwrap_or(Value::Null);
        let report = match verb {
            "succeed" => CallbackReport::Success { id, result: payload },
            "fail" => CallbackReport::Failure { id, error: payload },
            _ => CallbackReport::Heartbeat { id },
        };
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let is_closed = reports.iter().any(|earlier| {
            earlier.id() == report.id() && !matches!(earlier, CallbackReport::Heartbeat { .. })
        });
        if is_closed {
            return error_response("CallbackTimeoutException", "the callback has been closed");
        }
        reports.push(report);
        respond(StatusCode::OK, "application/json", Bytes::new())
    }
}

fn error_response(code: &'static str, message: &str) -> Response<Body> {
    let body = json!({ "Type": "User", "Message": message });
    let mut response = respond(StatusCode::BAD_REQUEST, "application/json", body.to_string().into());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}
