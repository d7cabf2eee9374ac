//! Invokes the submit function, with retries of transient errors.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    aws_session::AwsSession,
    http_client::HttpClient,
    invoke_outcome::{InvokeOutcome, classify_http_error, classify_response},
    invoke_url::invoke_url,
};
use crate::{arguments::ConnectionOptions, error::CliError};

/// The delays before an invocation is sent again.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];
/// Longer than the function's own timeout of one minute. Lambda sends no byte before the function has returned.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(90);
/// Lambda's own limit is 6 MiB.
const MAX_RESPONSE_BYTES: usize = 8 << 20;

/// The client of the submit function.
#[derive(Debug)]
pub(crate) struct SubmitFunction {
    aws: AwsSession,
    http: HttpClient,
    url: String,
}

impl SubmitFunction {
    /// Resolves region and endpoint as the AWS CLI does. Opens no connection to Landfall.
    ///
    /// # Errors
    /// No region is configured, or the function's name or the endpoint is invalid.
    pub(crate) async fn configure(options: &ConnectionOptions) -> Result<Self, CliError> {
        let aws = AwsSession::load(options.profile.clone(), options.region.clone()).await?;
        let url = invoke_url(&aws.endpoint("Lambda", "lambda"), &options.function)?;
        Ok(Self { aws, http: HttpClient::new(RESPONSE_TIMEOUT), url })
    }

    /// Invokes the function with a command, and retries transient errors.
    ///
    /// The command must be idempotent: a submission has an idempotency key, a resubmission is identified by its original job,
    /// a retry of a job that is active already is rejected (the caller of this method must handle that), and the others set
    /// a state. An error that the function itself returns is never retried.
    ///
    /// # Errors
    /// The function or AWS rejected the command, or neither could be reached. `outcome_unknown` is set if any of the
    /// attempts may have been executed, whatever the response to the last one.
    pub(crate) async fn invoke(&self, command: &str, payload: Map<String, Value>) -> Result<Value, CliError> {
        self.send(command, payload, &RETRY_DELAYS).await
    }

    /// Invokes the function with a command that is not idempotent, and never retries.
    ///
    /// # Errors
    /// As [`SubmitFunction::invoke`].
    pub(crate) async fn invoke_once(
        &self,
        command: &str,
        payload: Map<String, Value>,
    ) -> Result<Value, CliError> {
        self.send(command, payload, &[]).await
    }

    async fn send(
        &self,
        command: &str,
        mut payload: Map<String, Value>,
        retry_delays: &[Duration],
    ) -> Result<Value, CliError> {
        payload.insert("command".into(), command.into());
        let payload = Bytes::from(Value::Object(payload).to_string());
        let (mut retry_delays, mut outcome_unknown) = (retry_delays.iter(), false);
        loop {
            let error = match self.send_attempt(&payload).await {
                InvokeOutcome::Response(response) => return Ok(response),
                InvokeOutcome::Rejected(error) => {
                    outcome_unknown |= error.outcome_unknown;
                    return Err(error.with_outcome_unknown(outcome_unknown));
                }
                InvokeOutcome::CredentialsExpired(error) => {
                    self.aws.clear_credentials().await;
                    error
                }
                InvokeOutcome::Transient(error) => error,
            };
            outcome_unknown |= error.outcome_unknown;
            match retry_delays.next() {
                Some(delay) => tokio::time::sleep(*delay).await,
                None => return Err(error.with_outcome_unknown(outcome_unknown)),
            }
        }
    }

    async fn send_attempt(&self, payload: &Bytes) -> InvokeOutcome {
        let request = match self.aws.sign_request(&self.url, "lambda", payload).await {
            Ok(request) => request,
            Err(error) => return InvokeOutcome::Rejected(error),
        };
        match self.http.send_and_read(request, MAX_RESPONSE_BYTES).await {
            Ok(response) => classify_response(&response),
            Err(error) => classify_http_error(&error),
        }
    }
}
