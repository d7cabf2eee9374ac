//! One attempt of a function to handle an event, under the request id of the event.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

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

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The request id of the current invocation. An invocation that does not come through the Lambda API has a new one.
pub fn invocation_request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_else(|_| uuid::Uuid::new_v4().to_string())
}

/// Runs one attempt of an invocation. All attempts of an event have its request id.
pub(super) async fn run_attempt(
    request_id: &str,
    function: &Invoke,
    payload: Bytes,
) -> Result<Bytes, FunctionError> {
    // Called inside the scope: a function may read the request id before it is polled.
    REQUEST_ID.scope(request_id.to_owned(), async { function(payload).await }).await
}
