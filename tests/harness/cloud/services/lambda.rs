//! Lambda: invokes functions that are registered as callbacks in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, request};
use s3s::Body;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::response::respond;
use crate::cloud::account::ACCOUNT_ID;
use crate::cloud::handler::BoxFuture;

/// A function: payload in, payload or error out.
pub type Invoke = Arc<dyn Fn(Bytes) -> BoxFuture<Result<Bytes, FunctionError>> + Send + Sync>;

/// The error of a function, in the format of the Lambda runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// The error name, which state machines match.
    pub error_type: String,
    /// The message.
    pub error_message: String,
}

/// The registered functions, by name.
pub(super) struct Lambda {
    region: String,
    functions: Mutex<HashMap<String, Invoke>>,
}

impl Lambda {
    pub(super) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), functions: Mutex::default() }
    }

    pub(super) fn register(&self, name: &str, function: Invoke) {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        functions.insert(name.to_owned(), function);
    }

    /// Handles an Invoke request.
    pub(super) async fn invoke(&self, head: &request::Parts, payload: Bytes) -> Response<Body> {
        let name = function_name(head.uri.path());
        let function = {
            let functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
            functions.get(&name).cloned()
        };
        let Some(function) = function else {
            return self.not_found(&name);
        };
        let kind = head.headers.get("x-amz-invocation-type").and_then(|kind| kind.to_str().ok());
        match kind.unwrap_or("RequestResponse") {
            "Event" => {
                // The result is dropped. A failed asynchronous invocation is not retried.
                tokio::spawn(function(payload));
                respond(StatusCode::ACCEPTED, "application/json", Bytes::new())
            }
            "DryRun" => respond(StatusCode::NO_CONTENT, "application/json", Bytes::new()),
            _ => invocation_response(function(payload).await),
        }
    }

    fn not_found(&self, name: &str) -> Response<Body> {
        let region = &self.region;
        let message = format!("Function not found: arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{name}");
        let body = json!({ "Type": "User", "Message": message });
        let mut response = respond(StatusCode::NOT_FOUND, "application/json", body.to_string().into());
        let code = HeaderValue::from_static("ResourceNotFoundException");
        response.headers_mut().insert("x-amzn-errortype", code);
        response
    }
}

fn invocation_response(result: Result<Bytes, FunctionError>) -> Response<Body> {
    let is_error = result.is_err();
    let body = result.unwrap_or_else(|error| {
        json!({ "errorType": error.error_type, "errorMessage": error.error_message }).to_string().into()
    });
    let mut response = respond(StatusCode::OK, "application/json", body);
    let headers = response.headers_mut();
    headers.insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if is_error {
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    response
}

/// Returns the function name from the path, which may hold an ARN or a qualified name.
fn function_name(path: &str) -> String {
    let segment = path.split('/').nth(3).unwrap_or_default();
    let segment = segment.replace("%3A", ":").replace("%24", "$");
    let mut pieces = segment.split(':');
    if segment.starts_with("arn:") {
        pieces.nth(5);
    }
    pieces.next().unwrap_or_default().to_owned()
}
