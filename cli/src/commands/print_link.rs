//! The command `link`: prints a presigned URL. It is the only command that prints a credential.

use crate::{
    arguments::LinkArguments,
    client::{LinkTarget, SubmitFunction, create_presigned_url},
    error::CliError,
    exit_status::ExitStatus,
    output::{self, Output},
};

/// Prints a presigned URL.
///
/// # Errors
/// There is no such job or file, or Landfall has no credentials that may sign it.
pub(super) async fn print_link(
    function: &SubmitFunction,
    output: &Output,
    arguments: &LinkArguments,
) -> Result<ExitStatus, CliError> {
    let target = match &arguments.selection.file {
        Some(name) => LinkTarget::File(name),
        None if arguments.selection.archive => LinkTarget::Archive,
        None => LinkTarget::Manifest,
    };
    let link = create_presigned_url(function, &arguments.job, target, arguments.expires_in).await?;
    output.print_result(&link.response, || format!("{}\n", output::sanitize_for_terminal(&link.url)))?;
    if let Some(expires_at) = link.response["expires_at"].as_str() {
        output.print_hint(&format!("Anyone with this URL can read the file until {expires_at}."));
    }
    Ok(ExitStatus::Success)
}
