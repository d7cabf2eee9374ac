//! A Lambda function in this process: the function's own `App`, given the events that Lambda would give it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use runtime::{Failure, InvocationContext};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::cloud::{BoxFuture, FunctionError, Invoke};

/// A function: event in, answer or failure out.
pub type Function = Arc<dyn Fn(Value) -> BoxFuture<Result<Value, FunctionError>> + Send + Sync>;

/// Runs a handler in this process with Lambda's timeout.
pub(crate) fn in_process<A, H, F>(app: A, timeout: Duration, handle: H) -> Function
where
    A: Send + Sync + 'static,
    H: Fn(Arc<A>, Value, OffsetDateTime) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    let app = Arc::new(app);
    Arc::new(move |event| {
        let answer = handle(app.clone(), event, OffsetDateTime::now_utc() + timeout);
        Box::pin(async move {
            let answer = tokio::time::timeout(timeout, invocation().run(answer)).await;
            let answer =
                answer.map_err(|_| function_error("Sandbox.Timedout", "the function ran out of time"))?;
            answer.map_err(|failure| function_error(&failure.error_type, &failure.error_message))
        })
    })
}

/// An invocation as Lambda names it, in a recorded trace of its own.
fn invocation() -> InvocationContext {
    InvocationContext { request_id: Uuid::new_v4().to_string(), trace: trace_header().parse().ok() }
}

/// `X-Amzn-Trace-Id` as Lambda writes it.
pub(crate) fn trace_header() -> String {
    let (root, parent) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    format!("Root=1-{}-{};Parent={};Sampled=1", &root[..8], &root[8..], &parent[..16])
}

/// A function as the Lambda API invokes it, bytes in and bytes out.
pub(crate) fn invoke_handler(function: Function) -> Invoke {
    Arc::new(move |payload: Bytes| {
        let function = function.clone();
        Box::pin(async move {
            let event = serde_json::from_slice(&payload).map_err(|e| {
                function_error("InvalidRequestContentException", &format!("the payload is not JSON: {e}"))
            })?;
            function(event).await.map(|answer| answer.to_string().into())
        })
    })
}

pub(crate) fn function_error(error_type: &str, error_message: &str) -> FunctionError {
    FunctionError { error_type: error_type.to_owned(), error_message: error_message.to_owned() }
}
