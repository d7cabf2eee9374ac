//! Notifies workflows that wait for a job: Step Functions by task token, Lambda durable functions by callback id.
//!
//! A wait ends once, so a repeated notification is rejected and has no effect: the error codes in [`EXPIRED_CODES`] mean
//! that nobody waits any more. Error messages of these services are never logged, because they repeat tokens.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_sdk_lambda::{primitives::Blob, types::ErrorObject};
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::result::SdkError;
use futures_util::future::join_all;
use model::{Error, ErrorClass, Job, WorkflowWaiter};

use crate::task_result::TaskResult;

/// Error codes of a wait that has ended or never existed.
const EXPIRED_CODES: [&str; 7] = [
    "TaskTimedOut",
    "TaskDoesNotExist",
    "InvalidToken",
    "CallbackTimeoutException",
    "InvalidParameterValueException",
    "ResourceNotFoundException",
    "ValidationException",
];

/// The clients that notify waiting workflows.
#[derive(Debug, Clone)]
pub struct WorkflowNotifier {
    /// The timeout of one call, with the retries of the client.
    timeout: Duration,
    tasks: aws_sdk_sfn::Client,
    callbacks: aws_sdk_lambda::Client,
    bucket: String,
}

/// The services that failed before, so that no further call waits for them.
#[derive(Debug, Default)]
pub struct UnreachableServices {
    tasks: AtomicBool,
    callbacks: AtomicBool,
}

/// The outcome of notifying the workflows that wait for a job.
#[derive(Debug, Default)]
pub struct WorkflowNotifyResult {
    /// Workflows that were notified, or no longer wait.
    pub finished_waiters: Vec<WorkflowWaiter>,
    /// Why the others were not notified.
    pub error: Option<Error>,
}

/// The outcome of one call, with the error code.
enum CallOutcome {
    Succeeded,
    Expired(String),
    Failed(String),
}

impl WorkflowNotifier {
    /// The longest timeout of one call. Files and other jobs wait meanwhile.
    pub const CALL_TIMEOUT: Duration = Duration::from_millis(1500);

    /// Notifies Step Functions with the configuration `tasks` and Lambda with `callbacks`. `bucket` is the bucket of the
    /// manifests.
    pub fn new(
        tasks: &aws_types::SdkConfig,
        callbacks: &aws_types::SdkConfig,
        bucket: impl Into<String>,
    ) -> Self {
        Self {
            timeout: Self::CALL_TIMEOUT,
            tasks: aws_sdk_sfn::Client::new(tasks),
            callbacks: aws_sdk_lambda::Client::new(callbacks),
            bucket: bucket.into(),
        }
    }

    /// The same clients with a shorter timeout.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(Self::CALL_TIMEOUT), ..self.clone() }
    }

    /// Sends the result of a finished job to the workflows that wait for it, concurrently.
    pub async fn notify_completion(
        &self,
        job: &Job,
        unreachable: &UnreachableServices,
    ) -> WorkflowNotifyResult {
        let waiters = job.waiters_to_notify();
        if waiters.is_empty() {
            return WorkflowNotifyResult::default();
        }
        let result = TaskResult::from_job(job, &self.bucket);
        let calls = waiters.iter().map(|waiter| self.call(waiter, Some(&result), unreachable));
        let mut notified = WorkflowNotifyResult::default();
        for (waiter, call) in waiters.iter().zip(join_all(calls).await) {
            match call {
                CallOutcome::Succeeded => {
                    tracing::info!(metric = "WorkflowsCompleted", count = 1, job_id = %job.id, status = job.status.as_str(), "waiting workflow notified");
                    notified.finished_waiters.push(waiter.clone());
                }
                CallOutcome::Expired(code) => {
                    tracing::warn!(metric = "WorkflowTokensExpired", count = 1, job_id = %job.id, code, "workflow no longer waits");
                    notified.finished_waiters.push(waiter.clone());
                }
                CallOutcome::Failed(code) => notified.error = Some(not_notified(code)),
            }
        }
        notified
    }

    /// Sends a heartbeat to the workflows that wait for a job. Returns those that no longer wait.
    pub async fn send_heartbeats(&self, job: &Job, unreachable: &UnreachableServices) -> Vec<WorkflowWaiter> {
        let waiters = &job.notify_targets.waiters;
        let calls = waiters.iter().map(|waiter| self.call(waiter, None, unreachable));
        let mut expired = vec![];
        for (waiter, call) in waiters.iter().zip(join_all(calls).await) {
            match call {
                CallOutcome::Succeeded => {}
                CallOutcome::Expired(code) => {
                    tracing::warn!(metric = "WorkflowTokensExpired", count = 1, job_id = %job.id, code, "workflow no longer waits");
                    expired.push(waiter.clone());
                }
                CallOutcome::Failed(code) => {
                    tracing::warn!(job_id = %job.id, code, "heartbeat to a waiting workflow failed");
                }
            }
        }
        expired
    }

    /// Sends a result, or a heartbeat if there is none, unless the service has failed before.
    async fn call(
        &self,
        waiter: &WorkflowWaiter,
        result: Option<&TaskResult>,
        unreachable: &UnreachableServices,
    ) -> CallOutcome {
        let is_down = match waiter {
            WorkflowWaiter::TaskToken(_) => &unreachable.tasks,
            WorkflowWaiter::DurableCallbackId(_) => &unreachable.callbacks,
        };
        if is_down.load(Ordering::Relaxed) {
            return CallOutcome::Failed("unreachable before".to_owned());
        }
        // Boxed, because the futures of the clients are large.
        let send = Box::pin(async {
            match waiter {
                WorkflowWaiter::TaskToken(token) => self.send_to_step_functions(token.expose(), result).await,
                WorkflowWaiter::DurableCallbackId(id) => self.send_to_lambda(id.expose(), result).await,
            }
        });
        let call = match tokio::time::timeout(self.timeout, send).await {
            Ok(call) => call,
            Err(_) => CallOutcome::Failed("no response in time".to_owned()),
        };
        if matches!(call, CallOutcome::Failed(_)) {
            is_down.store(true, Ordering::Relaxed);
        }
        call
    }

    async fn send_to_step_functions(&self, token: &str, result: Option<&TaskResult>) -> CallOutcome {
        match result {
            None => call_outcome(self.tasks.send_task_heartbeat().task_token(token).send().await),
            Some(TaskResult::Success { output }) => {
                call_outcome(self.tasks.send_task_success().task_token(token).output(output).send().await)
            }
            Some(TaskResult::Failure { error, cause, .. }) => {
                let failure = self.tasks.send_task_failure().task_token(token);
                call_outcome(failure.error(error).cause(cause).send().await)
            }
        }
    }

    async fn send_to_lambda(&self, id: &str, result: Option<&TaskResult>) -> CallOutcome {
        match result {
            None => call_outcome(
                self.callbacks.send_durable_execution_callback_heartbeat().callback_id(id).send().await,
            ),
            Some(TaskResult::Success { output }) => {
                let success = self.callbacks.send_durable_execution_callback_success().callback_id(id);
                call_outcome(success.result(Blob::new(output.as_bytes())).send().await)
            }
            Some(TaskResult::Failure { error, message, cause }) => {
                let failure = self.callbacks.send_durable_execution_callback_failure().callback_id(id);
                let error =
                    ErrorObject::builder().error_type(error).error_message(message).error_data(cause).build();
                call_outcome(failure.error(error).send().await)
            }
        }
    }
}

/// The outcome of a response. Only the error code is kept, because the rest of an error may repeat the token.
fn call_outcome<O, E: ProvideErrorMetadata, R>(response: Result<O, SdkError<E, R>>) -> CallOutcome {
    let Err(error) = response else { return CallOutcome::Succeeded };
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) if EXPIRED_CODES.contains(&code) => CallOutcome::Expired(code.to_owned()),
        Some(code) => CallOutcome::Failed(code.to_owned()),
        None => CallOutcome::Failed("no response".to_owned()),
    }
}

fn not_notified(code: String) -> Error {
    let message = "a waiting workflow cannot be notified; it is notified later";
    Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5).with_source(code)
}
