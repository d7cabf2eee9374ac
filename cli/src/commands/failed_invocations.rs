//! The command `failed-invocations`: lists, redrives and discards asynchronous invocations that failed.

use serde_json::{Value, json};

use crate::{
    arguments::FailedInvocationsAction,
    client::{SubmitFunction, payload},
    error::CliError,
    exit_status::ExitStatus,
    output::{self, Output},
};

/// The name of the command in an invocation.
const COMMAND: &str = "failed_invocations";

/// Lists, redrives or discards failed invocations. Each action is idempotent: a redriven submission has an idempotency key.
///
/// # Errors
/// The function cannot be reached, or there is no such invocation. An invocation that fails again is a result.
pub(super) async fn manage_failed_invocations(
    function: &SubmitFunction,
    output: &Output,
    action: FailedInvocationsAction,
) -> Result<ExitStatus, CliError> {
    let results = match action {
        FailedInvocationsAction::List => return list(function, output).await,
        FailedInvocationsAction::Redrive { request_id: None } => redrive_all(function).await?,
        FailedInvocationsAction::Redrive { request_id: Some(id) } => {
            let payload = payload([("action", "redrive"), ("request_id", &id)]);
            read_results(&function.invoke(COMMAND, payload).await?)?
        }
        FailedInvocationsAction::Discard { request_id } => {
            let payload = payload([("action", "discard"), ("request_id", &request_id)]);
            read_results(&function.invoke(COMMAND, payload).await?)?
        }
    };
    let statuses = results.iter().map(exit_status);
    let status = statuses.fold(ExitStatus::Success, ExitStatus::most_severe);
    let results = json!({ "results": results });
    output.print_result(&results, || output::render_redrive_results(&results))?;
    Ok(status)
}

async fn list(function: &SubmitFunction, output: &Output) -> Result<ExitStatus, CliError> {
    let response = function.invoke(COMMAND, payload([("action", "list")])).await?;
    if !response["failed_invocations"].is_array() {
        return Err(CliError::unexpected_response(
            "the function's response has no list of failed invocations",
        ));
    }
    output.print_result(&response, || output::render_failed_invocations(&response))?;
    if response["complete"] == false {
        output.print_hint("There are more failed invocations.");
    }
    Ok(ExitStatus::Success)
}

/// Redrives until no invocation is left that has not been tried: one call redrives as many as it has time for.
async fn redrive_all(function: &SubmitFunction) -> Result<Vec<Value>, CliError> {
    let mut all = vec![];
    loop {
        let response = function.invoke(COMMAND, payload([("action", "redrive")])).await?;
        let results = read_results(&response)?;
        let is_last = response["complete"] != false || results.is_empty();
        all.extend(results);
        if is_last {
            return Ok(all);
        }
    }
}

fn read_results(response: &Value) -> Result<Vec<Value>, CliError> {
    let results = response["results"].as_array().cloned();
    results.ok_or_else(|| CliError::unexpected_response("the function's response has no list of results"))
}

/// The exit status of one result: that of the error with which the invocation failed again.
fn exit_status(result: &Value) -> ExitStatus {
    if result["status"] != "failed" {
        return ExitStatus::Success;
    }
    let error_type = result["error"]["type"].as_str().unwrap_or_default();
    CliError::from_function(error_type, "").exit_status
}
