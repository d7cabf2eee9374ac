//! Asynchronous invocations of Lambda: the retries of a function error, and the record of an event that failed at all attempts.
//!
//! As the Lambda Developer Guide describes them: "How Lambda handles errors and retries with asynchronous invocation" and
//! "Capturing records of Lambda asynchronous invocations". All attempts have the request id of the event. The queue between
//! the request and the function, with its throttling, duplicates and maximum age, is not imitated.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::function_attempt::{FunctionError, Invoke, run_attempt};
use super::sqs::{Queues, send_to_queue};

/// The asynchronous invocation settings of a function.
#[derive(Clone, Debug)]
pub struct AsyncInvokeConfig {
    /// The delay before each retry, so the number of delays is `MaximumRetryAttempts`.
    pub retry_delays: Vec<Duration>,
    /// The name of the queue that is the `OnFailure` destination.
    pub on_failure_queue: Option<String>,
}

impl Default for AsyncInvokeConfig {
    /// The defaults of Lambda: two retries, one and two minutes later, and no destination.
    fn default() -> Self {
        let retry_delays = vec![Duration::from_secs(60), Duration::from_secs(120)];
        Self { retry_delays, on_failure_queue: None }
    }
}

/// One event on its way to a function.
pub(super) struct AsynchronousInvocation {
    pub(super) request_id: String,
    pub(super) function_arn: String,
    pub(super) config: AsyncInvokeConfig,
    pub(super) queues: Arc<Queues>,
}

impl AsynchronousInvocation {
    /// Invokes the function until it succeeds or no retry is left, and sends the record of a failure.
    pub(super) async fn run(self, function: Invoke, payload: Bytes) {
        let mut retry_delays = self.config.retry_delays.iter();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Err(error) = run_attempt(&self.request_id, &function, payload.clone()).await else { return };
            match retry_delays.next() {
                Some(delay) => tokio::time::sleep(*delay).await,
                None => return self.send_record(&payload, attempts, &error),
            }
        }
    }

    /// Sends the record to the destination. A record that the queue refuses is lost, as in AWS, which only counts it.
    fn send_record(&self, payload: &Bytes, attempts: u32, error: &FunctionError) {
        let Some(queue) = &self.config.on_failure_queue else { return };
        let record = json!({
            "version": "1.0",
            "timestamp": OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": self.function_arn,
                "condition": "RetriesExhausted",
                "approximateInvokeCount": attempts,
            },
            "requestPayload": serde_json::from_slice::<Value>(payload).unwrap_or_default(),
            // The invocation itself succeeded; only the function failed.
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": error,
        });
        let _ = send_to_queue(&self.queues, queue, &record.to_string());
    }
}
