//! What an operator does, by direct invocation only: check the configuration, and manage signing secrets.

pub(crate) mod check;
pub(crate) mod operator_command;
pub(crate) mod signing_secret;
pub(crate) mod signing_status;
pub(crate) mod webhook_secret;
