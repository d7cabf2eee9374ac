//! From the command line to the use case.

mod jobs;
mod link;
mod list;
mod operator;
mod submit;
mod wait;

use serde_json::{Map, Value};

use self::wait::Standing;
use crate::{
    arguments::{Arguments, Command, MayWait},
    client::Function,
    download::download,
    exit::Exit,
    failure::{Failure, causes},
    job::Job,
    output::{self, Output},
};

/// Carries out what the command line says.
///
/// # Errors
/// Why it could not be done.
pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new("Internal", causes(&e), Exit::Refused))?;
    runtime.block_on(async {
        let function = Function::connect(&arguments.reach).await?;
        carry_out(&function, output, arguments.command).await
    })
}

async fn carry_out(function: &Function, output: &Output, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Submit { request, idempotency_key, waiting } => {
            let request = submit::Request::read(&request, idempotency_key)?;
            let job = submit::submit(function, output, request).await?;
            show_or_wait(function, output, job, &waiting, None).await
        }
        Command::Get { job } => show(output, &job_of(function, &job).await?),
        Command::List(listing) => list::list(function, output, &listing).await,
        Command::Wait { job, patience } => {
            let job = job_of(function, &job).await?;
            wait::wait(function, output, job, patience.timeout, None).await
        }
        Command::Download(asked) => download(function, output, &asked).await,
        Command::Link(asked) => link::print(function, output, &asked).await,
        Command::Retry { job, resubmit, waiting } => {
            let job = jobs::retry(function, &job, resubmit).await?;
            show_or_wait(function, output, job, &waiting, None).await
        }
        Command::Replay { job, delivery, waiting } => {
            let job = jobs::replay(function, &job, delivery).await?;
            let standing = Standing::of(&job);
            show_or_wait(function, output, job, &waiting, Some(standing)).await
        }
        Command::Cancel { job } => show(output, &jobs::cancel(function, &job).await?),
        Command::Check { provider, fields } => operator::check(function, output, provider, fields).await,
        Command::SigningSecret(asked) => operator::signing_secret(function, output, &asked).await,
        Command::WebhookSecret { action } => operator::webhook_secret(function, output, action).await,
    }
}

async fn show_or_wait(
    function: &Function,
    output: &Output,
    job: Job,
    waiting: &MayWait,
    standing: Option<Standing>,
) -> Result<Exit, Failure> {
    if !waiting.wait {
        return show(output, &job);
    }
    output.hint(&format!("job {}", job.id()));
    // Made or changed, it is not shown with everything.
    let job = wait::look(function, &job).await?;
    wait::wait(function, output, job, waiting.timeout, standing).await
}

fn show(output: &Output, job: &Job) -> Result<Exit, Failure> {
    output.answer(job.json(), || output::job(job))?;
    Ok(Exit::Done)
}

/// A job as it is now.
///
/// # Errors
/// There is none of this id, or it cannot be asked for.
pub(crate) async fn job_of(function: &Function, id: &str) -> Result<Job, Failure> {
    Job::read(function.call("get", fields([("job_id", id)])).await?)
}

fn fields<const N: usize>(texts: [(&str, &str); N]) -> Map<String, Value> {
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}
