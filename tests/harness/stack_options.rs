//! The settings of a stack.

use std::{path::PathBuf, time::Duration};

use crate::cloud::AsyncInvokeConfig;

/// How the worker runs.
#[derive(Debug, Clone)]
pub enum Workers {
    /// The worker runs in this process.
    InProcess,
    /// The worker runs as processes of this binary, which can be killed.
    Processes(PathBuf),
}

/// The ports of a stack; 0 takes a free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The submit API.
    pub submit: u16,
    /// The webhook API.
    pub webhook: u16,
    /// S3.
    pub s3: u16,
    /// DynamoDB.
    pub dynamodb: u16,
    /// Every other AWS service.
    pub aws: u16,
    /// The first of three consecutive ports for each simulator: API, file downloads and admin endpoint.
    pub simulators: u16,
}

/// The settings of a stack.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// The folder for objects, tables, queues and secrets.
    pub data_dir: PathBuf,
    /// The ports.
    pub ports: Ports,
    /// The seed of the simulators' keys and ids.
    pub seed: u64,
    /// Number of the run. It makes the ids of new work differ between runs on the same data folder.
    pub run: u64,
    /// Environment variables of the functions. They override those that the stack sets.
    pub variables: Vec<(String, String)>,
    /// Origins of callers on this machine. Their webhooks are notified although their addresses are not public.
    pub caller_origins: Vec<String>,
    /// How the worker runs.
    pub workers: Workers,
    /// The worker's timeout.
    pub worker_timeout: Duration,
    /// The timeout of `submit`.
    pub submit_timeout: Duration,
    /// The delays before the retries of an asynchronous invocation of `submit`.
    pub async_retry_delays: Vec<Duration>,
    /// How many messages of the delivery queue the worker processes concurrently.
    pub worker_concurrency: usize,
    /// How many messages of the queue of long landings the worker processes concurrently.
    pub long_landing_concurrency: usize,
    /// How many batches of deferred jobs `submit` processes concurrently.
    pub submit_concurrency: usize,
    /// `maxReceiveCount`: how often a message is received before it moves to the dead-letter queue.
    pub max_receive_count: u32,
    /// Whether tables are kept in memory.
    pub dynamodb_in_memory: bool,
    /// The interval of the sweep. `None` runs no sweep.
    pub sweep_interval: Option<Duration>,
}

impl StackOptions {
    /// Returns the settings of `template.yaml`, on free ports.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            ports: Ports::default(),
            seed: 1,
            run: 0,
            variables: vec![],
            caller_origins: vec![],
            workers: Workers::InProcess,
            worker_timeout: Duration::from_secs(900),
            submit_timeout: Duration::from_secs(60),
            async_retry_delays: AsyncInvokeConfig::default().retry_delays,
            worker_concurrency: 10,
            long_landing_concurrency: 10,
            submit_concurrency: 5,
            max_receive_count: 12,
            dynamodb_in_memory: false,
            sweep_interval: None,
        }
    }

    /// Sets an environment variable of the functions.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }
}
