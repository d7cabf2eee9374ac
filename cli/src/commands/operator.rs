//! Use cases: what only an operator does, and no API leads to.

use serde_json::{Map, Value};

use super::fields;
use crate::{
    arguments::{SigningAction, SigningSecret, WebhookAction},
    client::Function,
    exit::Exit,
    failure::Failure,
    output::{self, Output},
};

/// Has Landfall look at everything that jobs of a provider need.
///
/// # Errors
/// It cannot be asked. What is out of order is an answer.
pub(super) async fn check(
    function: &Function,
    output: &Output,
    provider: String,
    more: Vec<(String, String)>,
) -> Result<Exit, Failure> {
    let mut fields = fields([]);
    fields.extend(more.into_iter().map(|(name, value)| (name, value.into())));
    fields.insert("provider".to_owned(), provider.into());
    let answer = function.call("check", fields).await?;
    output.answer(&answer, || output::checks(&answer))?;
    match answer["ok"].as_bool() {
        Some(true) => Ok(Exit::Done),
        Some(false) => Ok(Exit::OutOfOrder),
        None => Err(Failure::not_understood("the function's answer is no check")),
    }
}

/// Looks after a provider's signing secret. The answer names secrets by their fingerprints.
///
/// # Errors
/// Why it could not be done.
pub(super) async fn signing_secret(
    function: &Function,
    output: &Output,
    asked: &SigningSecret,
) -> Result<Exit, Failure> {
    let action = match asked.action {
        SigningAction::Status => "status",
        SigningAction::Fetch => "fetch",
        SigningAction::Rotate => "rotate",
        SigningAction::Revoke => "revoke",
    };
    let mut fields = fields([("provider", &asked.provider), ("action", action)]);
    if asked.force {
        fields.insert("force".to_owned(), Value::Bool(true));
    }
    let answer = look_after(function, "signing_secret", fields).await?;
    output.answer(&answer, || output::signing_secrets(&answer))?;
    Ok(Exit::Done)
}

/// Looks after the secrets that sign callers' webhooks. The answer names them by their fingerprints.
///
/// # Errors
/// Why it could not be done.
pub(super) async fn webhook_secret(
    function: &Function,
    output: &Output,
    action: WebhookAction,
) -> Result<Exit, Failure> {
    let action = match action {
        WebhookAction::Status => "status",
        WebhookAction::Rotate => "rotate",
        WebhookAction::Revoke => "revoke",
    };
    let answer = look_after(function, "webhook_secret", fields([("action", action)])).await?;
    output.answer(&answer, || output::webhook_secrets(&answer))?;
    Ok(Exit::Done)
}

/// A second rotation is another one, and ends a secret that is still in use: it is never sent again by ourselves.
async fn look_after(
    function: &Function,
    command: &str,
    fields: Map<String, Value>,
) -> Result<Value, Failure> {
    if fields["action"] != "rotate" {
        return function.call(command, fields).await;
    }
    function.call_once(command, fields).await.map_err(|mut failure| {
        if failure.unsure {
            failure.message.push_str("; the action `status` shows whether it was done");
        }
        failure
    })
}
