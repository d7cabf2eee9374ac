//! Calls the use case of a command and returns its response.

use model::Error;
use runtime::Segment;
use time::OffsetDateTime;

use crate::{
    clients::Clients,
    command::Command,
    command_response::CommandResponse,
    jobs::{
        cancel_job::cancel_job,
        download_link::create_download_link,
        get_job::{get_job, get_job_with_deliveries},
        list_jobs::list_jobs,
        replay_delivery::replay_delivery,
        resubmit_job::resubmit_job,
        retry_job::JobRetry,
    },
    submission::{notify_targets::JobNotifier, submit_job::submit_job, trace_segment::send_segment},
};

/// Runs a command in an invocation that Lambda ends at `deadline`.
///
/// # Errors
/// The error of the use case.
pub(crate) async fn run_command(
    clients: &Clients,
    command: Command,
    deadline: OffsetDateTime,
) -> Result<CommandResponse, Error> {
    let job_store = &clients.job_store;
    Ok(match command {
        Command::Submit(request) => {
            let segment =
                Segment::start(runtime::current_trace().as_ref(), "Landfall submission").as_subsegment();
            // Boxed: the future of a submission is large, and those around it would hold room for it on the stack.
            let submitted = Box::pin(submit_job(clients, *request, deadline)).await;
            send_segment(&clients.tracer, segment, submitted.as_ref());
            CommandResponse::Submitted(submitted?)
        }
        Command::Get(id) => {
            let (job, deliveries) = get_job_with_deliveries(job_store, id).await?;
            CommandResponse::JobWithDeliveries(job, deliveries)
        }
        Command::List(query) => CommandResponse::Jobs(list_jobs(job_store, &clients.secrets, &query).await?),
        Command::Link(request) => {
            let job = get_job(job_store, request.job).await?;
            CommandResponse::Link(create_download_link(&clients.presigner, job, request).await?)
        }
        Command::Retry(id) => CommandResponse::Accepted(JobRetry::new(clients).retry(id).await?),
        Command::Resubmit(id) => {
            CommandResponse::Accepted(Box::pin(resubmit_job(clients, id, deadline)).await?)
        }
        Command::Cancel(id) => {
            let notifier = JobNotifier::new(clients, deadline);
            CommandResponse::Job(cancel_job(job_store, notifier, id).await?)
        }
        Command::Replay { job, delivery } => {
            let queue = &clients.delivery_queue;
            CommandResponse::Accepted(replay_delivery(job_store, queue, job, delivery.as_deref()).await?)
        }
    })
}
