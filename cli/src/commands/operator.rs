//! Use cases: what only an operator does, and no API leads to.

use serde_json::Value;

use super::fields;
use crate::{
    arguments::SigningAction,
    exit::Exit,
    failure::Failure,
    function::Function,
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
    provider: String,
    action: SigningAction,
    force: bool,
) -> Result<Exit, Failure> {
    let action = match action {
        SigningAction::Status => "status",
        SigningAction::Fetch => "fetch",
        SigningAction::Rotate => "rotate",
        SigningAction::Revoke => "revoke",
    };
    let mut fields = fields([("provider", &provider), ("action", action)]);
    if force {
        fields.insert("force".to_owned(), Value::Bool(true));
    }
    let answer = function.call("signing_secret", fields).await?;
    output.answer(&answer, || output::signing(&answer))?;
    Ok(Exit::Done)
}
