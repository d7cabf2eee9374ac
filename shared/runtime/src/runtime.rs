//! Serving invocations, one at a time, until Lambda stops the process.

use std::pin::Pin;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use model::Error;
use serde_json::Value;
use time::OffsetDateTime;

use crate::InvocationContext;

/// What a process ends with.
pub type RuntimeError = lambda_runtime::Error;

/// An invocation that failed as a whole. Step Functions' `Retry` and `Catch` match the type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `Retryable.<Class>` or `Permanent.<Class>`.
    pub error_type: String,
    /// What the caller may read.
    pub error_message: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        error.log("invocation failed");
        // A state machine sees the message only, so it names the job.
        let about = error.job.map(|job| format!(" (job {job})")).unwrap_or_default();
        Self { error_type: error.class.error_type(), error_message: format!("{}{about}", error.message) }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.error_type, error_message: failure.error_message }
    }
}

/// Serves invocations. The handler is given the event and the time at which Lambda ends the invocation.
///
/// # Errors
/// When the Lambda runtime API cannot be reached.
pub async fn serve<H, F>(handler: H) -> Result<(), RuntimeError>
where
    H: Fn(Value, OffsetDateTime) -> F + Sync,
    F: Future<Output = Result<Value, Failure>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let milliseconds = i128::from(event.context.deadline) * 1_000_000;
        let deadline =
            OffsetDateTime::from_unix_timestamp_nanos(milliseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let trace = event.context.xray_trace_id.as_ref().and_then(|header| header.parse().ok());
        let invocation = InvocationContext { request_id: event.context.request_id, trace };
        // Boxed, since the layers of the runtime and of the AWS clients together nest deeper than rustc counts.
        let answer: Pin<Box<dyn Future<Output = Result<Value, Failure>>>> =
            Box::pin(invocation.run(handler(event.payload, deadline)));
        answer.await
    }))
    .await
}
