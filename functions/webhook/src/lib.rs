//! The function that takes deliveries and lands files, in two roles: the webhook receiver authenticates a delivery
//! and queues it, the private worker behind the queue moves the job on and brings the files in.

mod config;
mod delivery;
pub mod landing;
mod notifications;
mod receiver;
mod sweep;
mod worker;

use bucket::Bucket;
use model::Error;
use queues::DeliveryQueue;
use runtime::{Aws, Environment, EventSource, Failure, HttpReply, Tracer};
use serde_json::{Value, json};
use time::OffsetDateTime;

pub use config::{Config, ReceiverConfig, StoreConfig, WorkerConfig};
pub use notifications::caller_webhook::CALLER_ATTEMPTS;
use receiver::Receiver;
use sweep::Sweep;
use worker::Worker;

/// The function in its role, with everything it uses.
#[derive(Debug)]
pub struct App(Role);

#[derive(Debug)]
enum Role {
    Receiver(Box<Receiver>),
    Worker(Box<Worker>),
}

impl App {
    /// Reads the configuration and makes the clients. Opens no connection.
    ///
    /// # Errors
    /// [`model::ErrorClass::Misconfigured`] naming the variable.
    pub fn connect(environment: &Environment) -> Result<Self, Error> {
        let aws = Aws::new(environment)?;
        Ok(Self(match Config::read(environment)? {
            Config::Receiver(config) => Role::Receiver(Box::new(Receiver::connect(&aws, &config))),
            Config::Worker(config) => {
                Role::Worker(Box::new(Worker::connect(&aws, *config, Tracer::connect(environment))?))
            }
        }))
    }

    /// Answers one invocation, which Lambda ends at `deadline`.
    ///
    /// # Errors
    /// An event that this role does not take.
    pub async fn handle(&self, event: Value, deadline: OffsetDateTime) -> Result<Value, Failure> {
        match (&self.0, EventSource::read(event)?) {
            (Role::Receiver(receiver), EventSource::Http(request)) => {
                let answer = receiver.receive(&request).await;
                Ok(answer
                    .map_or_else(|error| HttpReply::error(&error), |()| HttpReply::empty(200))
                    .into_event())
            }
            (Role::Worker(worker), EventSource::Queue(messages)) => {
                Ok(worker.work(messages, deadline).await.into_event())
            }
            (Role::Worker(worker), EventSource::Direct(command, fields)) => {
                let sweep = Sweep::read(&command, fields)?;
                Ok(json!(worker.sweep(sweep, deadline).await?))
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

/// The queue and the bucket of either role.
fn store(aws: &Aws, config: &StoreConfig) -> (DeliveryQueue, Bucket) {
    let inbox = DeliveryQueue::new(&aws.service("SQS"), &config.queue_url);
    let objects = Bucket::new(&aws.streaming("S3"), &config.bucket, &config.prefix, config.algorithm);
    (inbox, objects)
}
