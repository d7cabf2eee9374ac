//! The commands of an operator, by direct invocation only: check the deployment, manage signing secrets, and redrive failed
//! asynchronous invocations.
//!
//! `operator_command` reads the command and `dispatch` calls its use case: `deployment_check` tests configuration,
//! credentials and connectivity, `provider_signing_secret` manages the secret with which a provider signs its deliveries, and
//! `webhook_signing_secret` the secrets with which Landfall signs callers' webhooks. `secret_completion` adds what Landfall's
//! secret lacks, and `provider_credits` reads what is left of a provider's credits. `workspace_subscription` subscribes
//! to the events of a workspace. `failed_invocations` lists and redrives the invocations that `invocation_record` reads.

pub(crate) mod callback_url_check;
pub(crate) mod deployment_check;
pub(crate) mod dispatch;
pub(crate) mod failed_invocations;
pub(crate) mod invocation_record;
pub(crate) mod operator_command;
pub(crate) mod operator_settings;
pub(crate) mod provider_credits;
pub(crate) mod provider_signing_secret;
pub(crate) mod secret_completion;
pub(crate) mod signing_status;
pub(crate) mod webhook_signing_secret;
pub(crate) mod workspace_subscription;
