//! The commands `signing-secret` and `webhook-secret`: show, rotate and revoke secrets.

use serde_json::{Map, Value};

use crate::{
    arguments::{SigningSecretAction, SigningSecretArguments, WebhookSecretAction},
    client::{SubmitFunction, payload},
    error::CliError,
    exit_status::ExitStatus,
    output::{self, Output},
};

/// Manages a provider's signing secret. The response identifies secrets by their fingerprints.
///
/// # Errors
/// Why the action failed.
pub(super) async fn manage_signing_secret(
    function: &SubmitFunction,
    output: &Output,
    arguments: &SigningSecretArguments,
) -> Result<ExitStatus, CliError> {
    let action = match arguments.action {
        SigningSecretAction::Status => "status",
        SigningSecretAction::Fetch => "fetch",
        SigningSecretAction::Rotate => "rotate",
        SigningSecretAction::Revoke => "revoke",
    };
    let mut payload = payload([("provider", &arguments.provider), ("action", action)]);
    if arguments.force {
        payload.insert("force".to_owned(), Value::Bool(true));
    }
    let response = invoke_action(function, "signing_secret", payload).await?;
    output.print_result(&response, || output::render_signing_secrets(&response))?;
    Ok(ExitStatus::Success)
}

/// Manages the secrets that sign webhooks to callers. The response identifies them by their fingerprints.
///
/// # Errors
/// Why the action failed.
pub(super) async fn manage_webhook_secret(
    function: &SubmitFunction,
    output: &Output,
    action: WebhookSecretAction,
) -> Result<ExitStatus, CliError> {
    let action = match action {
        WebhookSecretAction::Status => "status",
        WebhookSecretAction::Rotate => "rotate",
        WebhookSecretAction::Revoke => "revoke",
    };
    let response = invoke_action(function, "webhook_secret", payload([("action", action)])).await?;
    output.print_result(&response, || output::render_webhook_secrets(&response))?;
    Ok(ExitStatus::Success)
}

/// Invokes the function. A rotation is not idempotent: a second one would invalidate a secret that is still in use.
/// Therefore it is never retried.
async fn invoke_action(
    function: &SubmitFunction,
    command: &str,
    payload: Map<String, Value>,
) -> Result<Value, CliError> {
    if payload["action"] != "rotate" {
        return function.invoke(command, payload).await;
    }
    function.invoke_once(command, payload).await.map_err(|mut error| {
        if error.outcome_unknown {
            error.message.push_str("; run the action `status` to see whether the secret was rotated");
        }
        error
    })
}
