//! Workflows that wait for a job: Step Functions by task token, durable functions of Lambda by callback id.
//!
//! A wait ends once, whoever ends it, so telling the same again is refused and does no harm: a refusal that says so
//! means that there is nobody left to tell. What either service says besides its error code is never logged, since it
//! repeats tokens.

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

/// Error codes of a wait that is over, or that never was.
const OVER: [&str; 7] = [
    "TaskTimedOut",
    "TaskDoesNotExist",
    "InvalidToken",
    "CallbackTimeoutException",
    "InvalidParameterValueException",
    "ResourceNotFoundException",
    "ValidationException",
];

/// The services through which workflows are told.
#[derive(Debug, Clone)]
pub struct WorkflowWaiters {
    /// The most time that one call gets, the client's own tries included.
    longest: Duration,
    tasks: aws_sdk_sfn::Client,
    callbacks: aws_sdk_lambda::Client,
    bucket: String,
}

/// Which service did not answer: nobody else need wait for it.
#[derive(Debug, Default)]
pub struct UnreachableServices {
    tasks: AtomicBool,
    callbacks: AtomicBool,
}

/// What came of telling those who wait.
#[derive(Debug, Default)]
pub struct NotifiedWaiters {
    /// Those who have been told, or wait no longer.
    pub done: Vec<WorkflowWaiter>,
    /// Why the others are still to be told.
    pub left: Option<Error>,
}

/// How one call ended.
enum Call {
    Done,
    Over(String),
    Failed(String),
}

impl WorkflowWaiters {
    /// How long those who tell may wait for it: files and other jobs wait meanwhile.
    pub const MAX_NOTIFY_TIME: Duration = Duration::from_millis(1500);

    /// `bucket` holds the manifests.
    pub fn new(
        tasks: &aws_types::SdkConfig,
        callbacks: &aws_types::SdkConfig,
        bucket: impl Into<String>,
    ) -> Self {
        Self {
            longest: Self::MAX_NOTIFY_TIME,
            tasks: aws_sdk_sfn::Client::new(tasks),
            callbacks: aws_sdk_lambda::Client::new(callbacks),
            bucket: bucket.into(),
        }
    }

    /// The same, for whoever has less time.
    #[must_use]
    pub fn within(&self, longest: Duration) -> Self {
        Self { longest: longest.min(Self::MAX_NOTIFY_TIME), ..self.clone() }
    }

    /// Tells those who wait for a job that is at its end, side by side.
    pub async fn tell(&self, job: &Job, unreachable: &UnreachableServices) -> NotifiedWaiters {
        let waiters = job.waiters_to_notify();
        if waiters.is_empty() {
            return NotifiedWaiters::default();
        }
        let outcome = TaskResult::of(job, &self.bucket);
        let calls = waiters.iter().map(|waiter| self.call(waiter, Some(&outcome), unreachable));
        let mut told = NotifiedWaiters::default();
        for (waiter, call) in waiters.iter().zip(join_all(calls).await) {
            match call {
                Call::Done => {
                    tracing::info!(metric = "WorkflowsCompleted", count = 1, job_id = %job.id, status = job.status.as_str(), "a waiting workflow was told");
                    told.done.push(waiter.clone());
                }
                Call::Over(code) => {
                    tracing::warn!(metric = "WorkflowTokensExpired", count = 1, job_id = %job.id, code, "a workflow does not wait any more");
                    told.done.push(waiter.clone());
                }
                Call::Failed(code) => told.left = Some(untold(code)),
            }
        }
        told
    }

    /// Lets those who wait know that the job goes on. Returns those who do not wait any more.
    pub async fn give_sign(&self, job: &Job, unreachable: &UnreachableServices) -> Vec<WorkflowWaiter> {
        let waiters = &job.audience.waiters;
        let calls = waiters.iter().map(|waiter| self.call(waiter, None, unreachable));
        let mut gone = vec![];
        for (waiter, call) in waiters.iter().zip(join_all(calls).await) {
            match call {
                Call::Done => {}
                Call::Over(code) => {
                    tracing::warn!(metric = "WorkflowTokensExpired", count = 1, job_id = %job.id, code, "a workflow does not wait any more");
                    gone.push(waiter.clone());
                }
                Call::Failed(code) => {
                    tracing::warn!(job_id = %job.id, code, "a waiting workflow gets no sign of life");
                }
            }
        }
        gone
    }

    /// One call, unless its service has just failed: what became of a job, or that it goes on.
    async fn call(
        &self,
        waiter: &WorkflowWaiter,
        outcome: Option<&TaskResult>,
        unreachable: &UnreachableServices,
    ) -> Call {
        let down = match waiter {
            WorkflowWaiter::Task(_) => &unreachable.tasks,
            WorkflowWaiter::Callback(_) => &unreachable.callbacks,
        };
        if down.load(Ordering::Relaxed) {
            return Call::Failed("unreachable before".to_owned());
        }
        // In a place of its own: the clients' futures are long.
        let sent = Box::pin(async {
            match waiter {
                WorkflowWaiter::Task(token) => self.tell_task(token.expose(), outcome).await,
                WorkflowWaiter::Callback(id) => self.tell_callback(id.expose(), outcome).await,
            }
        });
        let call = match tokio::time::timeout(self.longest, sent).await {
            Ok(call) => call,
            Err(_) => Call::Failed("no answer in time".to_owned()),
        };
        if matches!(call, Call::Failed(_)) {
            down.store(true, Ordering::Relaxed);
        }
        call
    }

    async fn tell_task(&self, token: &str, outcome: Option<&TaskResult>) -> Call {
        match outcome {
            None => ended(self.tasks.send_task_heartbeat().task_token(token).send().await),
            Some(TaskResult::Success { output }) => {
                ended(self.tasks.send_task_success().task_token(token).output(output).send().await)
            }
            Some(TaskResult::Failure { error, cause, .. }) => {
                let failure = self.tasks.send_task_failure().task_token(token);
                ended(failure.error(error).cause(cause).send().await)
            }
        }
    }

    async fn tell_callback(&self, id: &str, outcome: Option<&TaskResult>) -> Call {
        match outcome {
            None => {
                ended(self.callbacks.send_durable_execution_callback_heartbeat().callback_id(id).send().await)
            }
            Some(TaskResult::Success { output }) => {
                let success = self.callbacks.send_durable_execution_callback_success().callback_id(id);
                ended(success.result(Blob::new(output.as_bytes())).send().await)
            }
            Some(TaskResult::Failure { error, message, cause }) => {
                let failure = self.callbacks.send_durable_execution_callback_failure().callback_id(id);
                let error =
                    ErrorObject::builder().error_type(error).error_message(message).error_data(cause).build();
                ended(failure.error(error).send().await)
            }
        }
    }
}

/// The code alone: everything else that an error holds may repeat the token.
fn ended<O, E: ProvideErrorMetadata, R>(answer: Result<O, SdkError<E, R>>) -> Call {
    let Err(error) = answer else { return Call::Done };
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) if OVER.contains(&code) => Call::Over(code.to_owned()),
        Some(code) => Call::Failed(code.to_owned()),
        None => Call::Failed("no answer".to_owned()),
    }
}

fn untold(code: String) -> Error {
    let message = "a waiting workflow cannot be told; it is told later";
    Error::new(ErrorClass::StorageUnavailable, message).retry_after(5).with_source(code)
}
