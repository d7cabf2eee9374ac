//! The commands `subscribe` and `unsubscribe`: manage the subscriptions of a provider's workspace to its events.

use crate::{
    arguments::SubscriptionArguments,
    client::{SubmitFunction, payload},
    error::CliError,
    exit_status::ExitStatus,
    output::{self, Output},
};

/// Runs `action` for each event, and prints each result. The first failure ends the command; a repetition continues where
/// it ended, because what is done already is found.
///
/// # Errors
/// Why an action failed.
pub(super) async fn manage_subscriptions(
    function: &SubmitFunction,
    output: &Output,
    action: &str,
    arguments: &SubscriptionArguments,
) -> Result<ExitStatus, CliError> {
    for event in &arguments.events {
        let payload = payload([("provider", &*arguments.provider), ("action", action), ("event", event)]);
        let response = function.invoke("subscription", payload).await?;
        output.print_result(&response, || output::render_subscription(&response))?;
    }
    Ok(ExitStatus::Success)
}
