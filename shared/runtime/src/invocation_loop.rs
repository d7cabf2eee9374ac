//! The invocation loop: handles invocations, one at a time, until Lambda stops the process.

use std::pin::Pin;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use model::Error;
use serde_json::Value;
use time::OffsetDateTime;

use crate::InvocationContext;

/// The error with which the process ends.
pub type RuntimeError = lambda_runtime::Error;

/// The error of a failed invocation. `Retry` and `Catch` of Step Functions match its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationError {
    /// `Retryable.<Class>` or `Permanent.<Class>`.
    pub error_type: String,
    /// The error message for the invoker.
    pub error_message: String,
}

impl From<Error> for InvocationError {
    fn from(error: Error) -> Self {
        error.log("invocation failed");
        // A state machine receives only the message, so it names the job.
        let job = error.job.map(|job| format!(" (job {job})")).unwrap_or_default();
        Self { error_type: error.class.error_type(), error_message: format!("{}{job}", error.message) }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(failure: InvocationError) -> Self {
        Self { error_type: failure.error_type, error_message: failure.error_message }
    }
}

/// Handles invocations with `handler`, which receives the event and the time at which Lambda ends the invocation.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve<H, F>(handler: H) -> Result<(), RuntimeError>
where
    H: Fn(Value, OffsetDateTime) -> F + Sync,
    F: Future<Output = Result<Value, InvocationError>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let milliseconds = i128::from(event.context.deadline) * 1_000_000;
        let deadline =
            OffsetDateTime::from_unix_timestamp_nanos(milliseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let trace = event.context.xray_trace_id.as_ref().and_then(|header| header.parse().ok());
        let invocation = InvocationContext { request_id: event.context.request_id, trace };
        // Boxed, because the types of the runtime and the AWS clients together exceed rustc's recursion limit.
        let response: Pin<Box<dyn Future<Output = Result<Value, InvocationError>>>> =
            Box::pin(invocation.run(handler(event.payload, deadline)));
        response.await
    }))
    .await
}
