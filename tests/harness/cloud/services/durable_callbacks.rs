//! Callbacks of Lambda's durable functions: keeps what is sent. Any id is known until its callback is closed, and
//! whatever is sent after that is refused as AWS refuses it.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use s3s::Body;
use serde_json::{Value, json};

use super::response::respond;
use crate::cloud::operation::DURABLE_CALLBACKS_PATH;

/// What was sent to a callback.
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

/// The reports so far.
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

    /// Answers a call.
    pub(super) fn answer(&self, path: &str, body: &Bytes) -> Response<Body> {
        let (id, verb) = path
            .strip_prefix(DURABLE_CALLBACKS_PATH)
            .and_then(|rest| rest.split_once('/'))
            .unwrap_or_default();
        let id = id.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        let sent = serde_json::from_slice(body).unwrap_or(Value::Null);
        let report = match verb {
            "succeed" => CallbackReport::Success { id, result: sent },
            "fail" => CallbackReport::Failure { id, error: sent },
            _ => CallbackReport::Heartbeat { id },
        };
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let is_closed = reports.iter().any(|earlier| {
            earlier.id() == report.id() && !matches!(earlier, CallbackReport::Heartbeat { .. })
        });
        if is_closed {
            return refused("CallbackTimeoutException", "the callback has been closed");
        }
        reports.push(report);
        respond(StatusCode::OK, "application/json", Bytes::new())
    }
}

fn refused(code: &'static str, message: &str) -> Response<Body> {
    let body = json!({ "Type": "User", "Message": message });
    let mut response = respond(StatusCode::BAD_REQUEST, "application/json", body.to_string().into());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}
