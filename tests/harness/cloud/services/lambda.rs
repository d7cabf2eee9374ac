//! Lambda: invokes functions that are registered as callbacks in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, request};
use s3s::Body;
use serde_json::json;

use super::asynchronous_invocation::{AsyncInvokeConfig, AsynchronousInvocation};
use super::function_attempt::{FunctionError, Invoke, run_attempt};
use super::response::respond;
use super::sqs::Queues;
use crate::cloud::account::ACCOUNT_ID;

/// The registered functions, by name.
pub(super) struct Lambda {
    region: String,
    queues: Arc<Queues>,
    functions: Mutex<HashMap<String, Invoke>>,
    async_configs: Mutex<HashMap<String, AsyncInvokeConfig>>,
}

impl Lambda {
    pub(super) fn new(region: &str, queues: Arc<Queues>) -> Self {
        Self {
            region: region.to_owned(),
            queues,
            functions: Mutex::default(),
            async_configs: Mutex::default(),
        }
    }

    pub(super) fn register(&self, name: &str, function: Invoke) {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        functions.insert(name.to_owned(), function);
    }

    /// Sets the configuration of asynchronous invocations of a function, as `PutFunctionEventInvokeConfig` does.
    pub(super) fn configure_async(&self, name: &str, config: AsyncInvokeConfig) {
        let mut configs = self.async_configs.lock().unwrap_or_else(PoisonError::into_inner);
        configs.insert(name.to_owned(), config);
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
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut response = match kind.unwrap_or("RequestResponse") {
            "Event" => {
                let invocation = AsynchronousInvocation {
                    request_id: request_id.clone(),
                    function_arn: format!("{}:$LATEST", self.arn(&name)),
                    config: self.async_config(&name),
                    queues: Arc::clone(&self.queues),
                };
                tokio::spawn(invocation.run(function, payload));
                respond(StatusCode::ACCEPTED, "application/json", Bytes::new())
            }
            "DryRun" => respond(StatusCode::NO_CONTENT, "application/json", Bytes::new()),
            _ => invocation_response(run_attempt(&request_id, &function, payload).await),
        };
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        response
    }

    fn async_config(&self, name: &str) -> AsyncInvokeConfig {
        let configs = self.async_configs.lock().unwrap_or_else(PoisonError::into_inner);
        configs.get(name).cloned().unwrap_or_default()
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{ACCOUNT_ID}:function:{name}", self.region)
    }

    fn not_found(&self, name: &str) -> Response<Body> {
        let message = format!("Function not found: {}", self.arn(name));
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
