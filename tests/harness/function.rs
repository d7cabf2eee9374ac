//! Runs a Lambda function in this process: passes to the function's own `App` the events that Lambda would send.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use runtime::{InvocationContext, InvocationError};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::cloud::{BoxFuture, FunctionError, Invoke, invocation_request_id};

/// A function: event in, response or error out.
pub type Function = Arc<dyn Fn(Value) -> BoxFuture<Result<Value, FunctionError>> + Send + Sync>;

/// Runs a handler in this process with Lambda's timeout.
pub(crate) fn in_process<A, H, F>(app: A, timeout: Duration, handle: H) -> Function
where
    A: Send + Sync + 'static,
    H: Fn(Arc<A>, Value, OffsetDateTime) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Value, InvocationError>> + Send + 'static,
{
    let app = Arc::new(app);
    Arc::new(move |event| {
        let handled = handle(app.clone(), event, OffsetDateTime::now_utc() + timeout);
        Box::pin(async move {
            let result = tokio::time::timeout(timeout, new_invocation().run(handled)).await;
            let result =
                result.map_err(|_| function_error("Sandbox.Timedout", "the invocation timed out"))?;
            result.map_err(|failure| function_error(&failure.error_type, &failure.error_message))
        })
    })
}

/// Makes the context of a new invocation, with a sampled trace.
fn new_invocation() -> InvocationContext {
    InvocationContext { request_id: invocation_request_id(), trace: trace_header().parse().ok() }
}

/// Makes an `X-Amzn-Trace-Id` header in the format of Lambda.
pub(crate) fn trace_header() -> String {
    let (root, parent) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    format!("Root=1-{}-{};Parent={};Sampled=1", &root[..8], &root[8..], &parent[..16])
}

/// Adapts a function to the Lambda API, which sends and receives bytes.
pub fn invoke_handler(function: Function) -> Invoke {
    Arc::new(move |payload: Bytes| {
        let function = function.clone();
        Box::pin(async move {
            let event = serde_json::from_slice(&payload).map_err(|e| {
                function_error("InvalidRequestContentException", &format!("the payload is not JSON: {e}"))
            })?;
            function(event).await.map(|response| response.to_string().into())
        })
    })
}

pub(crate) fn function_error(error_type: &str, error_message: &str) -> FunctionError {
    FunctionError { error_type: error_type.to_owned(), error_message: error_message.to_owned() }
}
