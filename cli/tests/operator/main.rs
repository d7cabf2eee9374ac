//! User stories of the operator: the real `landfall` binary against a complete local Landfall. The tests check exit codes and
//! the JSON output.

mod downloads;
mod exit_codes;
mod failed_invocations;
mod list_jobs;
mod operator_workspace;
mod retry_and_replay;
mod secrets;
mod submit;
mod subscriptions;
