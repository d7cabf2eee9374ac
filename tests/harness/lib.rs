//! Landfall on one machine: a local cloud, the providers' simulators, both functions and the HTTP APIs in front
//! of them, all spoken to over the wire. The local runner and the flows start the same [`Stack`].

mod bootstrap;
mod function;
mod gateway;
mod http_client;
mod process;
mod resources;
mod runtime_api;
mod schedule;
mod stack;
mod until;
mod variables;

pub mod cloud;
pub mod simulators;

pub use bootstrap::Bootstrap;
pub use function::{Function, direct};
pub use gateway::Gateway;
pub use http_client::HttpClient;
pub use process::WorkerProcesses;
pub use resources::{
    BUCKET, CALLER_WEBHOOKS_DEAD_LETTER_QUEUE, CALLER_WEBHOOKS_QUEUE, CALLERS_BATCH_SIZE, Clients,
    DEAD_LETTER_QUEUE, QUEUE, SECRET, SUBMISSIONS_DEAD_LETTER_QUEUE, SUBMISSIONS_QUEUE, TABLE, TOKEN_SECRET,
};
pub use stack::{Ports, Stack, StackError, StackOptions, Workers};
pub use until::{until, until_within};
