//! The entry point of the function: routes an invocation by its event source.

use model::Error;
use runtime::{Environment, EventSource, InvocationError};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    command::Command,
    command_dispatch::run_command,
    http::handler::handle_request,
    operator::{dispatch::run_operator_command, operator_command::OperatorCommand},
    submission::submission_queue_consumer::SubmissionQueueConsumer,
};

/// The `submit` function with its clients.
#[derive(Debug)]
pub struct App {
    clients: Clients,
}

impl App {
    /// Reads the configuration and creates the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub fn connect(environment: &Environment) -> Result<Self, Error> {
        Clients::connect(environment).map(|clients| Self { clients })
    }

    /// Handles one invocation, which Lambda ends at `deadline`.
    ///
    /// # Errors
    /// A direct invocation that failed. Over HTTP every failure is a response.
    pub async fn handle(&self, event: Value, deadline: OffsetDateTime) -> Result<Value, InvocationError> {
        let clients = &self.clients;
        match EventSource::parse(event)? {
            EventSource::Http(request) => {
                Ok(handle_request(clients, &request, deadline).await.into_payload())
            }
            EventSource::Direct(name, fields) if OperatorCommand::is_operator_command(&name) => {
                let command = OperatorCommand::read_invocation(&name, fields)?;
                Ok(run_operator_command(clients, command, deadline).await?)
            }
            EventSource::Direct(name, fields) => {
                let command = Command::read_invocation(&name, fields, runtime::current_request_id())?;
                Ok(run_command(clients, command, deadline).await?.into_json())
            }
            EventSource::Sqs(messages) => {
                let consumer = SubmissionQueueConsumer::new(clients, deadline);
                Ok(consumer.process_batch(messages).await.into_payload())
            }
        }
    }
}
