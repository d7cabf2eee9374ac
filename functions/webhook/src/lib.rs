//! The function that receives deliveries and lands files, in two roles: the webhook receiver authenticates a delivery
//! and queues it; the worker behind the queue updates the job and transfers the files into the bucket.

mod clients;
mod config;
mod delivery;
mod file_names;
pub mod landing;
mod message_dispatch;
mod notifications;
mod polling;
mod provider_of_job;
mod queue_message;
mod receiver;
mod rescue;
mod stored_source_urls;
mod sweep;

use model::Error;
use runtime::{ApiGatewayResponse, AwsConfig, Environment, EventSource, InvocationError, XrayDaemon};
use serde_json::{Value, json};
use time::OffsetDateTime;

pub use config::{Config, ReceiverConfig, StoreConfig, WorkerConfig};
use message_dispatch::Worker;
pub use notifications::caller_webhook_retry::CALLER_ATTEMPTS;
use receiver::receive_delivery::Receiver;
use sweep::sweep_command::SweepCommand;

/// The function in its role, with everything it uses.
#[derive(Debug)]
pub struct App(Role);

#[derive(Debug)]
enum Role {
    Receiver(Box<Receiver>),
    Worker(Box<Worker>),
}

impl App {
    /// Reads the configuration and creates the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub fn connect(environment: &Environment) -> Result<Self, Error> {
        let aws = AwsConfig::new(environment)?;
        Ok(Self(match Config::read(environment)? {
            Config::Receiver(config) => Role::Receiver(Box::new(Receiver::connect(&aws, &config))),
            Config::Worker(config) => {
                Role::Worker(Box::new(Worker::connect(&aws, *config, XrayDaemon::connect(environment))?))
            }
        }))
    }

    /// Handles one invocation, which Lambda ends at `deadline`.
    ///
    /// # Errors
    /// The event is not one that this role accepts.
    pub async fn handle(&self, event: Value, deadline: OffsetDateTime) -> Result<Value, InvocationError> {
        match (&self.0, EventSource::parse(event)?) {
            (Role::Receiver(receiver), EventSource::Http(request)) => {
                let reply = match receiver.receive(&request).await {
                    Ok(()) => ApiGatewayResponse::empty(200),
                    Err(error) => ApiGatewayResponse::from_error(&error),
                };
                Ok(reply.into_payload())
            }
            (Role::Worker(worker), EventSource::Sqs(messages)) => {
                Ok(worker.process_batch(messages, deadline).await.into_payload())
            }
            (Role::Worker(worker), EventSource::Direct(command, fields)) => {
                let command = SweepCommand::read(&command, fields)?;
                Ok(json!(worker.sweep(command, deadline).await?))
            }
            (Role::Receiver(_), _) => {
                Err(Error::invalid("event", "the webhook receiver takes HTTP requests only").into())
            }
            (Role::Worker(_), _) => {
                Err(Error::invalid("event", "the worker takes queue messages and commands only").into())
            }
        }
    }
}
