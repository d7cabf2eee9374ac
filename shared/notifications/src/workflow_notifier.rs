//! Notifies workflows that wait for a job: Step Functions by task token, Lambda durable functions by callback id.
//!
//! A wait ends once, so a repeated notification is rejected and has no effect. A workflow that cannot be notified for a reason
//! of its own, such as a key that denies access, is notified again for a day and delays no other. Error messages of these
//! services are never logged, because they repeat tokens.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_sdk_lambda::{primitives::Blob, types::ErrorObject};
use futures_util::future::join_all;
use model::{Error, ErrorClass, Job, WorkflowWaiter};
use time::OffsetDateTime;

use crate::{call_outcome::CallOutcome, task_result::TaskResult};

/// How long after the end of its job a workflow whose permissions or key deny the result is notified again.
const DENIED_RETRY_TIME: time::Duration = time::Duration::hours(24);

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
    /// Workflows that were notified, no longer wait, or cannot be notified.
    pub finished_waiters: Vec<WorkflowWaiter>,
    /// Why the others were not notified.
    pub error: Option<Error>,
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

    /// Sends the result of a finished job to the workflows that wait for it, concurrently. `now` decides whether those that
    /// deny it are given up.
    pub async fn notify_completion(
        &self,
        job: &Job,
        unreachable: &UnreachableServices,
        now: OffsetDateTime,
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
                CallOutcome::Invalid(code) => {
                    give_up(job, &code);
                    notified.finished_waiters.push(waiter.clone());
                }
                CallOutcome::Denied(code) if now - job.updated_at >= DENIED_RETRY_TIME => {
                    give_up(job, &code);
                    notified.finished_waiters.push(waiter.clone());
                }
                // A failure is retried sooner, so it is the one that is returned.
                CallOutcome::Denied(code) => {
                    notified.error.get_or_insert_with(|| denied(code));
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
                // Sent again as long as the job is active. Its result decides about the workflow.
                CallOutcome::Invalid(code) | CallOutcome::Denied(code) | CallOutcome::Failed(code) => {
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
            None => CallOutcome::of_response(self.tasks.send_task_heartbeat().task_token(token).send().await),
            Some(TaskResult::Success { output }) => CallOutcome::of_response(
                self.tasks.send_task_success().task_token(token).output(output).send().await,
            ),
            Some(TaskResult::Failure { error, cause, .. }) => {
                let failure = self.tasks.send_task_failure().task_token(token);
                CallOutcome::of_response(failure.error(error).cause(cause).send().await)
            }
        }
    }

    async fn send_to_lambda(&self, id: &str, result: Option<&TaskResult>) -> CallOutcome {
        match result {
            None => CallOutcome::of_response(
                self.callbacks.send_durable_execution_callback_heartbeat().callback_id(id).send().await,
            ),
            Some(TaskResult::Success { output }) => {
                let success = self.callbacks.send_durable_execution_callback_success().callback_id(id);
                CallOutcome::of_response(success.result(Blob::new(output.as_bytes())).send().await)
            }
            Some(TaskResult::Failure { error, message, cause }) => {
                let failure = self.callbacks.send_durable_execution_callback_failure().callback_id(id);
                let error =
                    ErrorObject::builder().error_type(error).error_message(message).error_data(cause).build();
                CallOutcome::of_response(failure.error(error).send().await)
            }
        }
    }
}

fn give_up(job: &Job, code: &str) {
    tracing::error!(metric = "WorkflowNotificationsRejected", count = 1, job_id = %job.id, status = job.status.as_str(), code, "waiting workflow cannot be notified");
}

fn denied(code: String) -> Error {
    let message = "a waiting workflow or its key denies the result; it is notified again for a day";
    Error::new(ErrorClass::StorageRejected, message).with_source(code)
}

fn not_notified(code: String) -> Error {
    let message = "a waiting workflow cannot be notified; it is notified later";
    Error::new(ErrorClass::StorageUnavailable, message).with_retry_after(5).with_source(code)
}
