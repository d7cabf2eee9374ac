//! Runs Landfall on one machine: a local cloud, the simulators of the providers, both functions and their HTTP APIs, all
//! over real connections. The local runner and the flow tests start the same [`Stack`].

mod execution_environment;
mod function;
mod function_environment;
mod http_api;
mod http_client;
mod resources;
mod runtime_api;
mod stack;
mod stack_options;
mod sweep_schedule;
mod wait_until;
mod worker_processes;

pub mod cloud;
pub mod simulators;

pub use execution_environment::ExecutionEnvironment;
pub use function::{Function, invoke_handler};
pub use http_api::HttpApi;
pub use http_client::HttpClient;
pub use resources::{
    AwsClients, BUCKET, CALLER_WEBHOOKS_DEAD_LETTER_QUEUE, CALLER_WEBHOOKS_QUEUE, CALLERS_BATCH_SIZE,
    DEAD_LETTER_QUEUE, DELIVERY_QUEUE, FAILED_INVOCATIONS_QUEUE, LONG_LANDINGS_QUEUE, SECRET,
    SUBMISSIONS_DEAD_LETTER_QUEUE, SUBMISSIONS_QUEUE, TABLE, TOKEN_SECRET,
};
pub use stack::{Stack, StackError};
pub use stack_options::{Ports, StackOptions, Workers};
pub use wait_until::{until, until_within};
pub use worker_processes::WorkerProcesses;
