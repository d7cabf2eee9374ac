//! A small AWS in this process: S3, DynamoDB, SQS, Secrets Manager, EventBridge, Step Functions
//! and Lambda invocation, each on 127.0.0.1 and spoken to over the wire by the ordinary AWS
//! clients. The local runner and the flow tests start one, point the clients at its endpoints,
//! break it on purpose through [`LocalCloud::faults`] and look inside through the other methods.

mod dynamodb;
mod event_source;
mod faults;
mod operation;
mod request_body;
mod requests;
mod s3;
mod server;
mod services;
mod snapshot;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::event_source::{BatchHandler, EventSource, EventSourceOptions};
pub use self::faults::{Faults, Outage};
pub use self::operation::Service;
pub use self::requests::RequestCounts;
pub use self::services::{
    BoxFuture, CallbackReport, FunctionError, Invoke, PublishedEvent, QueueDepth, TaskReport,
};

/// The account number that every ARN and queue URL carries.
pub const ACCOUNT_ID: &str = "000000000000";

/// Where the cloud keeps its data and how it is reached.
#[derive(Clone, Debug)]
pub struct LocalCloudOptions {
    /// Folder for objects, tables, queues and secrets; created when missing, survives restarts.
    pub data_dir: PathBuf,
    /// Region in ARNs, bucket locations and events.
    pub region: String,
    /// The only access key id that S3 accepts.
    pub access_key_id: String,
    /// The secret that S3 signatures are checked against.
    pub secret_access_key: String,
    /// Fixed ports, or 0 for free ones.
    pub ports: Ports,
    /// Keep tables in memory instead of in the data folder.
    pub dynamodb_in_memory: bool,
}

impl LocalCloudOptions {
    /// Free ports, `us-east-1`, the key pair `local`/`local-secret`, tables in the data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            region: "us-east-1".into(),
            access_key_id: "local".into(),
            secret_access_key: "local-secret".into(),
            ports: Ports::default(),
            dynamodb_in_memory: false,
        }
    }
}

/// One port per listener; 0 takes a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// S3.
    pub s3: u16,
    /// DynamoDB.
    pub dynamodb: u16,
    /// Every other service.
    pub services: u16,
}

/// Why the cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Someone else listens on a port that was asked for.
    #[error("port {port} for {service} is taken; stop what listens there or choose another port")]
    PortTaken {
        /// Which listener wanted it.
        service: &'static str,
        /// The port.
        port: u16,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The data folder or a socket refused.
    #[error("cannot start the local {service}")]
    Io {
        /// Which part failed.
        service: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The table database refused.
    #[error("cannot open the table database: {0}")]
    Database(String),
}

/// The running cloud; dropping it stops every server.
pub struct LocalCloud {
    /// For S3 clients, path-style addressing.
    pub s3_endpoint: String,
    /// For DynamoDB clients.
    pub dynamodb_endpoint: String,
    /// For SQS, Secrets Manager, EventBridge, Step Functions, Lambda and STS clients.
    pub aws_endpoint: String,
    faults: Arc<Faults>,
    requests: Arc<RequestCounts>,
    store: Arc<s3::Store>,
    services: Arc<services::Services>,
    servers: Vec<server::Server>,
    dynamodb: dynamodb::DynamoDb,
}

impl LocalCloud {
    /// Opens the data folder and starts all servers.
    pub async fn start(options: LocalCloudOptions) -> Result<Self, StartError> {
        let gate = server::Gate::default();
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
            faults: Arc::clone(&gate.faults),
            requests: Arc::clone(&gate.requests),
            store,
            servers: vec![
                server::Server::start(s3_listener, gate.clone(), operation::of_s3, s3_handler),
                server::Server::start(
                    dynamodb_listener,
                    gate.clone(),
                    operation::of_dynamodb,
                    dynamodb.handler(),
                ),
                server::Server::start(
                    services_listener,
                    gate,
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

    /// Breaks services on purpose.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How often each operation was called.
    pub fn requests(&self) -> &RequestCounts {
        &self.requests
    }

    /// How many times an object was written at this key since the start: puts, completed uploads
    /// and copies, whether or not the bucket keeps versions.
    pub fn object_writes(&self, bucket: &str, key: &str) -> u64 {
        self.store.writes(bucket, key)
    }

    /// Everything put on EventBridge, oldest first.
    pub fn events(&self) -> Vec<PublishedEvent> {
        self.services.events()
    }

    /// Everything reported to Step Functions, oldest first.
    pub fn task_reports(&self) -> Vec<TaskReport> {
        self.services.task_reports()
    }

    /// Lets the task of a token end without a report, as if its state had timed out.
    pub fn end_task(&self, token: &str) {
        self.services.end_task(token);
    }

    /// Everything sent to callbacks of Lambda's durable functions, oldest first.
    pub fn callback_reports(&self) -> Vec<CallbackReport> {
        self.services.callback_reports()
    }

    /// Makes `function` answer invocations of `name`; a second one replaces the first.
    pub fn register_function(&self, name: &str, function: Invoke) {
        self.services.register_function(name, function);
    }

    /// Message counts of a queue, or nothing when there is no such queue.
    pub fn queue_depth(&self, queue: &str) -> Option<QueueDepth> {
        self.services.queue_depth(queue)
    }

    /// How long each message of a queue that was received is still hidden.
    pub fn hidden_for(&self, queue: &str) -> Vec<Duration> {
        self.services.queues().hidden_for(queue)
    }

    /// Lets so much time pass for the messages of a queue: what is hidden or delayed is back so much earlier.
    pub fn pass_time(&self, queue: &str, by: Duration) {
        self.services.queues().pass_time(queue, by);
    }

    /// Connects a queue to a function as Lambda's event source mapping does. The queue may be
    /// created later. Dropping the result disconnects them.
    pub fn event_source(&self, options: EventSourceOptions, handler: BatchHandler) -> EventSource {
        EventSource::start(self.services.queues(), options, handler)
    }
}
