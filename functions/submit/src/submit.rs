//! Use case: claim the job, ask the provider, record the ticket.
//!
//! The order matters. The job exists before the provider is asked, so that a callback which overtakes the
//! answer finds it; and the provider is asked only by the one who made the job, so that a repeated request
//! bills once.

use std::time::Duration;

use model::{CallbackKeys, Event, Fault, FaultClass, Job, JobId, NewJob, Origin, ProviderName};
use providers::{Call, Credentials};
use records::Records;
use time::OffsetDateTime;
use transport::{Secrets, Sender};
use url::Url;

use crate::{
    ask::{Asked, ask, left},
    claiming::{claim, free},
    config::Config,
    request::Request,
};

/// The least time that the table gets to take what came of asking.
const LEAST_TO_RECORD: Duration = Duration::from_millis(500);

/// Makes a job of a request, unless the request was made before.
pub(crate) async fn submit(
    config: &Config,
    records: &Records,
    secrets: &Secrets,
    sender: &Sender,
    request: Request,
    deadline: OffsetDateTime,
) -> Result<Job, Fault> {
    // Whatever is not configured is found before anything is written.
    let secret = secrets.get().await?;
    let credentials = Credentials::new(secret.provider(request.provider.name()));
    let id = JobId::generate();
    let callback_url =
        callback_url(&config.webhook_url, &secret.callback_keys(), &request.provider_name(), id)?;
    let mut conversation = request.provider.submission(&Call {
        kind: &request.order.kind,
        request: &request.order.request,
        callback_url: &callback_url,
        api_url: config.api_urls.get(request.provider.name()).map_or("", String::as_str),
        credentials: &credentials,
    })?;

    let key = request.key.clone();
    let job = Job::new(new_job(id, request));
    if let Some(before) = claim(records, &job, key.as_ref()).await? {
        return Ok(before);
    }
    match ask(conversation.as_mut(), sender, config.provider_timeout, deadline).await {
        Asked::Accepted(event) | Asked::Unknown(event) => Ok(record(records, job, event, deadline).await),
        Asked::Refused(fault) => {
            let event = Event::Refused { error: fault.remembered(OffsetDateTime::now_utc()) };
            record(records, job, event, deadline).await;
            if fault.retryable() {
                // The caller is told to come back, and then shall find the way free.
                let _ = tokio::time::timeout(time_to_record(deadline), free(records, id, key.as_ref())).await;
            }
            Err(fault.about(id))
        }
    }
}

fn new_job(id: JobId, request: Request) -> NewJob {
    NewJob {
        id,
        provider: request.provider_name(),
        kind: request.order.kind,
        request: request.order.request,
        expected: request.order.expected,
        metadata: request.metadata,
        unpack: request.unpack,
        origin: Origin::Submitted,
    }
}

/// `{webhook_url}/webhooks/{provider}/{job_id}/{token}`.
fn callback_url(base: &Url, keys: &CallbackKeys, provider: &ProviderName, job: JobId) -> Result<Url, Fault> {
    let token = keys.sign(provider, &job);
    let token =
        token.ok_or_else(|| Fault::new(FaultClass::Misconfigured, "no callback_key in Landfall's secret"))?;
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["webhooks", provider.as_str(), &job.to_string(), token.expose()]);
    }
    Ok(url)
}

/// Records what came of asking. If the table does not take it in time, the caller is told all the same: the
/// provider has been asked, so an error here would invite a second request, and the callback settles the record.
async fn record(records: &Records, mut job: Job, event: Event, deadline: OffsetDateTime) -> Job {
    let now = OffsetDateTime::now_utc();
    match tokio::time::timeout(time_to_record(deadline), records.apply(job.id, &event, now)).await {
        Ok(Ok((job, _))) => return job,
        Ok(Err(fault)) => fault.log("what came of asking the provider is not recorded"),
        Err(_) => {
            tracing::error!(job_id = %job.id, "what came of asking the provider is not recorded in time")
        }
    }
    job.apply(event, now);
    job
}

/// Half of what is left, so that there is time to answer.
fn time_to_record(deadline: OffsetDateTime) -> Duration {
    (left(deadline) / 2).max(LEAST_TO_RECORD)
}
