//! A local AWS in this process: S3, DynamoDB, SQS, Secrets Manager, EventBridge, Step Functions, STS and Lambda invocation
//! on 127.0.0.1, for the ordinary AWS clients. The local runner and the flow tests start it, point the clients at its
//! endpoints, inject faults through [`LocalCloud::faults`] and inspect its state through the other methods.

mod account;
mod batch_get_limit;
mod dynamodb;
mod event_source;
mod faults;
mod handler;
mod json_file;
mod operation;
mod options;
mod request_body;
mod request_counts;
mod s3;
mod server;
mod services;
mod start_error;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use self::account::ACCOUNT_ID;
pub use self::event_source::{BatchHandler, EventSource, EventSourceOptions};
pub use self::faults::{Faults, Outage, Rejection};
pub use self::handler::BoxFuture;
pub use self::operation::Service;
pub use self::options::{LocalCloudOptions, Ports};
pub use self::request_counts::RequestCounts;
pub(crate) use self::s3::{RECEIVER_KEYS, SUBMIT_KEYS};
pub use self::services::{CallbackReport, FunctionError, Invoke, PublishedEvent, QueueDepth, TaskReport};
pub use self::start_error::StartError;

/// A running local cloud. Dropping it stops every server.
pub struct LocalCloud {
    /// Endpoint for S3 clients, with path-style addressing.
    pub s3_endpoint: String,
    /// Endpoint for DynamoDB clients.
    pub dynamodb_endpoint: String,
    /// Endpoint for SQS, Secrets Manager, EventBridge, Step Functions, Lambda and STS clients.
    pub aws_endpoint: String,
    faults: Arc<Faults>,
    requests: Arc<RequestCounts>,
    store: Arc<s3::Store>,
    services: Arc<services::Services>,
    servers: Vec<server::Server>,
    dynamodb: dynamodb::DynamoDb,
}

impl LocalCloud {
    /// Opens the data folder and starts the servers.
    pub async fn start(options: LocalCloudOptions) -> Result<Self, StartError> {
        let middleware = server::Middleware::default();
        let ports = options.ports;
        let s3_listener = server::listen("S3", ports.s3).await?;
        let dynamodb_listener = server::listen("DynamoDB", ports.dynamodb).await?;
        let services_listener = server::listen("the AWS services", ports.services).await?;
        let aws_endpoint = server::endpoint(&services_listener)?;

        let store = s3::Store::open(options.data_dir.join("s3"), &options.region)
            .map_err(|source| StartError::Io { service: "S3", source })?;
        let services = services::Services::open(&options.data_dir, &options.region, &aws_endpoint)
            .map_err(|source| StartError::Io { service: "AWS services", source })?;
        let database = (!options.dynamodb_in_memory).then(|| options.data_dir.join("dynamodb.sqlite"));
        let dynamodb = dynamodb::DynamoDb::start(database).await?;

        let s3_handler = s3::handler(Arc::clone(&store), &options.access_key_id, &options.secret_access_key);
        Ok(Self {
            s3_endpoint: server::endpoint(&s3_listener)?,
            dynamodb_endpoint: server::endpoint(&dynamodb_listener)?,
            aws_endpoint,
            faults: Arc::clone(&middleware.faults),
            requests: Arc::clone(&middleware.requests),
            store,
            servers: vec![
                server::Server::start(s3_listener, middleware.clone(), operation::of_s3, s3_handler),
                server::Server::start(
                    dynamodb_listener,
                    middleware.clone(),
                    operation::of_dynamodb,
                    dynamodb.handler(),
                ),
                server::Server::start(
                    services_listener,
                    middleware,
                    operation::of_services,
                    services::handler(Arc::clone(&services)),
                ),
            ],
            services,
            dynamodb,
        })
    }

    /// Stops every server and waits until the ports are free again.
    pub async fn shutdown(self) {
        for server in self.servers {
            server.shutdown().await;
        }
        self.dynamodb.shutdown().await;
    }

    /// Returns the fault injection of all services.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Returns how often each operation was called.
    pub fn requests(&self) -> &RequestCounts {
        &self.requests
    }

    /// Returns how often an object was written at this key since the start: puts, completed uploads and copies, with or
    /// without versioning.
    pub fn object_writes(&self, bucket: &str, key: &str) -> u64 {
        self.store.write_count(bucket, key)
    }

    /// Returns the events that were put on EventBridge, oldest first.
    pub fn events(&self) -> Vec<PublishedEvent> {
        self.services.events()
    }

    /// Returns the task reports to Step Functions, oldest first.
    pub fn task_reports(&self) -> Vec<TaskReport> {
        self.services.task_reports()
    }

    /// Ends the task of a token without a report, as if its state had timed out.
    pub fn end_task(&self, token: &str) {
        self.services.end_task(token);
    }

    /// Returns what was sent to callbacks of Lambda's durable functions, oldest first.
    pub fn callback_reports(&self) -> Vec<CallbackReport> {
        self.services.callback_reports()
    }

    /// Registers `function` for invocations of `name`. It replaces an earlier function of that name.
    pub fn register_function(&self, name: &str, function: Invoke) {
        self.services.register_function(name, function);
    }

    /// Returns the message counts of a queue, or `None` if the queue does not exist.
    pub fn queue_depth(&self, queue: &str) -> Option<QueueDepth> {
        self.services.queue_depth(queue)
    }

    /// Returns for each received message of a queue how long it stays hidden.
    pub fn remaining_invisibility(&self, queue: &str) -> Vec<Duration> {
        self.services.queues().remaining_invisibility(queue)
    }

    /// Advances the clock of a queue: hidden and delayed messages become visible earlier by this time.
    pub fn advance_queue_clock(&self, queue: &str, by: Duration) {
        self.services.queues().advance_clock(queue, by);
    }

    /// Invokes a function with the messages of a queue, as Lambda's event source mapping does. The queue may be created
    /// later. Dropping the result stops the mapping.
    pub fn event_source(&self, options: EventSourceOptions, handler: BatchHandler) -> EventSource {
        EventSource::start(self.services.queues(), options, handler)
    }
}
