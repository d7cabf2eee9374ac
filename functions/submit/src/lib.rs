//! The `submit` function. It submits jobs to providers and records the provider job ids; it shows, lists, retries and
//! cancels jobs; and it carries out the commands of an operator.
//!
//! An invocation takes these steps: [`App::handle`] reads the event, `http` or [`Command::read_invocation`] turns it
//! into a command, `command_dispatch` calls the use case in `submission` or `jobs`, and `command_response` writes the
//! result. Operator commands go to `operator`. Messages of the submission queue go to `submission::submission_queue_consumer`.

mod app;
mod clients;
mod command;
mod command_dispatch;
mod command_response;
mod config;
mod http;
mod jobs;
mod operator;
mod parse_command_fields;
mod query_string;
mod submission;

pub use app::App;
pub use command::Command;
pub use config::Config;
pub use jobs::download_link::{LinkRequest, LinkTarget};
pub use jobs::list_query::ListQuery;
pub use operator::operator_command::{
    FailedInvocationsAction, OperatorCommand, SigningCommand, SubscriptionCommand, WebhookSecretAction,
};
pub use submission::submit_request::SubmitRequest;
