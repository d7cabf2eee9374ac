//! The settings of a stack.

use std::{path::PathBuf, time::Duration};

/// How the worker runs.
#[derive(Debug, Clone)]
pub enum Workers {
    /// In this process.
    InProcess,
    /// As processes of this binary, which can be killed.
    Processes(PathBuf),
}

/// Fixed ports, or 0 for free ones.
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
    /// The first simulator's API; its files and its control are the next two, and so on.
    pub simulators: u16,
}

/// What a stack is like.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Where objects, tables, queues and secrets are kept.
    pub data_dir: PathBuf,
    /// Ports.
    pub ports: Ports,
    /// Seeds keys and ids of the simulators.
    pub seed: u64,
    /// Makes ids of new work differ between runs on kept data.
    pub run: u64,
    /// FunctionEnvironments of the functions, over those that the stack sets.
    pub variables: Vec<(String, String)>,
    /// Origins of callers on this machine, who may be told although they have no public address.
    pub caller_origins: Vec<String>,
    /// How the worker runs.
    pub workers: Workers,
    /// The worker's timeout.
    pub worker_timeout: Duration,
    /// The timeout of `submit`.
    pub submit_timeout: Duration,
    /// How many messages the worker works on at once.
    pub worker_concurrency: usize,
    /// How many batches of waiting jobs `submit` works on at once.
    pub submit_concurrency: usize,
    /// How often a message is received before it is a dead letter.
    pub max_receive_count: u32,
    /// Keep tables in memory.
    pub dynamodb_in_memory: bool,
    /// How often the schedule runs the sweep; never, if it is none.
    pub sweep_interval: Option<Duration>,
}

impl StackOptions {
    /// The settings of `template.yaml`, on free ports.
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
            worker_concurrency: 10,
            submit_concurrency: 5,
            max_receive_count: 12,
            dynamodb_in_memory: false,
            sweep_interval: None,
        }
    }

    /// Sets a variable of the functions.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }
}
