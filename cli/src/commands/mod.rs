//! Runs the command of the command line.

mod check;
mod failed_invocations;
mod job_actions;
mod list_jobs;
mod print_link;
mod secrets;
mod submit_job;
mod subscriptions;
mod wait_for_job;

use self::wait_for_job::ReplayBaseline;
use crate::{
    arguments::{Arguments, Command, WaitOptions},
    client::{SubmitFunction, fetch_job},
    download::download_files,
    error::{CliError, error_chain},
    exit_status::ExitStatus,
    job::Job,
    output::{self, Output},
};

/// Runs the command that the arguments name.
///
/// # Errors
/// Why the command failed.
pub(crate) fn run_command(arguments: Arguments, output: &Output) -> Result<ExitStatus, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CliError::new("Internal", error_chain(&e), ExitStatus::Rejected))?;
    runtime.block_on(async {
        let function = SubmitFunction::configure(&arguments.connection).await?;
        dispatch(&function, output, arguments.command).await
    })
}

async fn dispatch(
    function: &SubmitFunction,
    output: &Output,
    command: Command,
) -> Result<ExitStatus, CliError> {
    match command {
        Command::Submit { request, idempotency_key, wait } => {
            let request = submit_job::SubmitRequest::load(&request, idempotency_key)?;
            let job = submit_job::submit_job(function, output, request).await?;
            show_or_wait(function, output, job, &wait, None).await
        }
        Command::Get { job } => show(output, &fetch_job(function, &job).await?),
        Command::List(arguments) => list_jobs::list_jobs(function, output, &arguments).await,
        Command::Wait { job, timeout } => {
            let job = fetch_job(function, &job).await?;
            wait_for_job::wait_for_job(function, output, job, timeout, None).await
        }
        Command::Download(arguments) => download_files(function, output, &arguments).await,
        Command::Link(arguments) => print_link::print_link(function, output, &arguments).await,
        Command::Retry { job, resubmit, wait } => {
            let job = match resubmit {
                true => job_actions::resubmit_job(function, &job).await?,
                false => job_actions::retry_landing(function, &job).await?,
            };
            show_or_wait(function, output, job, &wait, None).await
        }
        Command::Replay { job, delivery, wait } => {
            let job = job_actions::replay_delivery(function, &job, delivery).await?;
            let baseline = ReplayBaseline::new(&job);
            show_or_wait(function, output, job, &wait, Some(baseline)).await
        }
        Command::Cancel { job } => show(output, &job_actions::cancel_job(function, &job).await?),
        Command::Check { provider, fields } => check::run_check(function, output, provider, fields).await,
        Command::SigningSecret(arguments) => {
            secrets::manage_signing_secret(function, output, &arguments).await
        }
        Command::WebhookSecret { action } => secrets::manage_webhook_secret(function, output, action).await,
        Command::Subscribe(arguments) => {
            subscriptions::manage_subscriptions(function, output, "subscribe", &arguments).await
        }
        Command::Unsubscribe(arguments) => {
            subscriptions::manage_subscriptions(function, output, "unsubscribe", &arguments).await
        }
        Command::FailedInvocations { action } => {
            failed_invocations::manage_failed_invocations(function, output, action).await
        }
    }
}

async fn show_or_wait(
    function: &SubmitFunction,
    output: &Output,
    job: Job,
    wait: &WaitOptions,
    baseline: Option<ReplayBaseline>,
) -> Result<ExitStatus, CliError> {
    if !wait.is_requested {
        return show(output, &job);
    }
    output.print_hint(&format!("job {}", job.id()));
    // The response to a command that creates or changes a job does not have all its fields.
    let job = wait_for_job::refresh_job(function, &job).await?;
    wait_for_job::wait_for_job(function, output, job, wait.timeout, baseline).await
}

fn show(output: &Output, job: &Job) -> Result<ExitStatus, CliError> {
    output.print_result(job.json(), || output::render_job(job))?;
    Ok(ExitStatus::Success)
}
