//! The command `check`: checks configuration, credentials and connectivity of a provider.

use crate::{
    client::{SubmitFunction, payload},
    error::CliError,
    exit_status::ExitStatus,
    output::{self, Output},
};

/// Runs the checks of a provider and prints their results.
///
/// # Errors
/// The checks could not be run. A failed check is a result, not an error.
pub(super) async fn run_check(
    function: &SubmitFunction,
    output: &Output,
    provider: String,
    provider_fields: Vec<(String, String)>,
) -> Result<ExitStatus, CliError> {
    let mut payload = payload([]);
    payload.extend(provider_fields.into_iter().map(|(name, value)| (name, value.into())));
    payload.insert("provider".to_owned(), provider.into());
    let response = function.invoke("check", payload).await?;
    output.print_result(&response, || output::render_checks(&response))?;
    match response["ok"].as_bool() {
        Some(true) => Ok(ExitStatus::Success),
        Some(false) => Ok(ExitStatus::CheckFailed),
        None => Err(CliError::unexpected_response("the function's response has no field ok")),
    }
}
