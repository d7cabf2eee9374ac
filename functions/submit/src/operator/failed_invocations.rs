//! Use case: list, redrive or discard the asynchronous invocations of this function that failed at all attempts.
//!
//! A redrive runs the command of the invocation under its request id and deletes the record once the command has succeeded.
//! A submission finds the job that an earlier attempt created, so redriving it any number of times submits it once.

use std::time::Duration;

use futures_util::future::join_all;
use model::{Error, ErrorClass};
use queues::QueuedInvocation;
use runtime::InvocationError;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    command_dispatch::run_command,
    operator::{invocation_record::InvocationRecord, operator_command::FailedInvocationsAction},
};

/// How long the messages that an action has received stay hidden: longer than the function's timeout, so that no two
/// actions redrive one invocation at the same time. An invocation whose redrive failed is shown again after this time.
const HIDDEN_SECONDS: u32 = 120;
/// The most invocations that are listed or searched.
const MAX_RECEIVED: usize = 500;
/// The next invocation is redriven only if this much time is left. A provider may take 25 seconds to respond.
const MIN_REDRIVE_TIME: Duration = Duration::from_secs(40);

/// The failed invocations, in an invocation that Lambda ends at `deadline`.
pub(crate) struct FailedInvocations<'a> {
    clients: &'a Clients,
    deadline: OffsetDateTime,
}

impl<'a> FailedInvocations<'a> {
    pub(crate) fn new(clients: &'a Clients, deadline: OffsetDateTime) -> Self {
        Self { clients, deadline }
    }

    /// Runs an action.
    pub(crate) async fn run(&self, action: FailedInvocationsAction) -> Result<Value, Error> {
        match action {
            FailedInvocationsAction::List => self.list().await,
            FailedInvocationsAction::Redrive(None) => self.redrive_all().await,
            FailedInvocationsAction::Redrive(Some(id)) => {
                let message = self.find(&id).await?;
                let result = self.redrive(&message).await;
                if result["status"] == "failed" {
                    self.release(&[message]).await;
                }
                Ok(json!({ "results": [result], "complete": true }))
            }
            FailedInvocationsAction::Discard(id) => {
                let message = self.find(&id).await?;
                self.clients.failed_invocation_queue.delete(&message).await?;
                tracing::info!(failed_request_id = id, "failed invocation discarded");
                Ok(json!({ "results": [{ "request_id": id, "status": "discarded" }], "complete": true }))
            }
        }
    }

    async fn list(&self) -> Result<Value, Error> {
        let (messages, error) = self.receive_until(|_| false).await;
        self.release(&messages).await;
        if let Some(error) = error {
            return Err(error);
        }
        let mut views: Vec<Value> = messages.iter().map(view).collect();
        views.sort_by(|a, b| a["failed_at"].as_str().cmp(&b["failed_at"].as_str()));
        Ok(json!({ "failed_invocations": views, "complete": messages.len() < MAX_RECEIVED }))
    }

    /// Redrives one invocation after the other, until none is visible or the time is over. Those that fail stay hidden
    /// for a while, so that the next call continues with the others.
    async fn redrive_all(&self) -> Result<Value, Error> {
        let mut results = vec![];
        let complete = loop {
            if !results.is_empty() && self.deadline - OffsetDateTime::now_utc() < MIN_REDRIVE_TIME {
                break false;
            }
            match self.clients.failed_invocation_queue.receive_one(HIDDEN_SECONDS).await {
                Ok(Some(message)) => results.push(self.redrive(&message).await),
                Ok(None) => break true,
                Err(error) if results.is_empty() => return Err(error),
                Err(error) => {
                    error.log("no further failed invocation can be received");
                    break false;
                }
            }
        };
        Ok(json!({ "results": results, "complete": complete }))
    }

    /// Runs an invocation again, and deletes its record if it succeeds.
    async fn redrive(&self, message: &QueuedInvocation) -> Value {
        let id = request_id(message);
        let command = InvocationRecord::parse(&message.body).and_then(InvocationRecord::into_command);
        let response = match command {
            Ok(command) => run_command(self.clients, command, self.deadline).await,
            Err(error) => Err(error),
        };
        match response {
            Ok(response) => {
                tracing::info!(failed_request_id = id, "failed invocation redriven");
                if let Err(error) = self.clients.failed_invocation_queue.delete(message).await {
                    error
                        .log("a redriven invocation is still in the queue; redriving it again has no effect");
                }
                json!({ "request_id": id, "status": "redriven", "job_id": response.into_json().get("job_id") })
            }
            Err(error) => {
                let InvocationError { error_type, error_message } = error.into();
                let error = json!({ "type": error_type, "message": error_message });
                json!({ "request_id": id, "status": "failed", "error": error })
            }
        }
    }

    /// Receives the message of an invocation. The others become visible again.
    async fn find(&self, id: &str) -> Result<QueuedInvocation, Error> {
        let (mut messages, error) = self.receive_until(|message| request_id(message) == id).await;
        let found = messages.iter().position(|message| request_id(message) == id);
        let found = found.map(|index| messages.swap_remove(index));
        self.release(&messages).await;
        match (found, error) {
            (Some(message), _) => Ok(message),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::new(
                ErrorClass::NotFound,
                format!(
                    "there is no failed invocation with this request id; one whose redrive failed is hidden for \
                     {HIDDEN_SECONDS} seconds"
                ),
            )),
        }
    }

    /// Receives messages until one is the last, none is left or an error ends it. What was received is returned in any
    /// case, because it must be released.
    async fn receive_until(
        &self,
        is_last: impl Fn(&QueuedInvocation) -> bool,
    ) -> (Vec<QueuedInvocation>, Option<Error>) {
        let mut messages = vec![];
        while messages.len() < MAX_RECEIVED && !messages.iter().any(&is_last) {
            match self.clients.failed_invocation_queue.receive_batch(HIDDEN_SECONDS).await {
                Ok(batch) if batch.is_empty() => break,
                Ok(batch) => messages.extend(batch),
                Err(error) => return (messages, Some(error)),
            }
        }
        (messages, None)
    }

    /// Makes messages visible again. One for which that fails becomes visible on its own after a while.
    async fn release(&self, messages: &[QueuedInvocation]) {
        let queue = &self.clients.failed_invocation_queue;
        for released in join_all(messages.iter().map(|message| queue.release(message))).await {
            if let Err(error) = released {
                error.log("a failed invocation stays hidden for a while");
            }
        }
    }
}

/// The request id of an invocation. A message without one is named by its own id.
fn request_id(message: &QueuedInvocation) -> String {
    let record = InvocationRecord::parse(&message.body).ok();
    let id = record.as_ref().and_then(InvocationRecord::request_id);
    id.map_or_else(|| message.message_id.clone(), str::to_owned)
}

fn view(message: &QueuedInvocation) -> Value {
    InvocationRecord::parse(&message.body).map_or_else(
        |error| json!({ "request_id": message.message_id, "error": { "type": null, "message": error.message } }),
        |record| record.to_view(&request_id(message)),
    )
}
