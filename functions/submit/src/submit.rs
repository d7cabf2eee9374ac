//! Use case: claim the job, ask the provider, record the ticket.
//!
//! The order matters. The job exists before the provider is asked, so that a callback which overtakes the
//! answer finds it; and the provider is asked only by the one who made the job, so that a repeated request
//! bills once.

use std::time::Duration;

use model::{CallbackKeys, Event, Fault, FaultClass, Job, JobId, NewJob, Origin, ProviderName};
use providers::{Answer, Call, Conversation, Credentials, SendFailure, Step};
use records::{Claim, IdempotencyKey, Records};
use time::OffsetDateTime;
use transport::{Secrets, Sender, Unanswered};
use url::Url;

use crate::{config::Config, request::Request};

/// What is left of the invocation after the last wait for the provider: time to record and to answer.
const RESERVE: Duration = Duration::from_secs(2);

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
    let claimed = match claim(records, &job, key.as_ref()).await {
        Ok(claimed) => claimed,
        Err(fault) => {
            // Bounded, since the table is in trouble and the caller has to be told so in time.
            let undoing = undo(records, id, key.as_ref(), &fault);
            if tokio::time::timeout(RESERVE, undoing).await.is_err() {
                fault.log("a claim that may have been written is not undone");
            }
            return Err(fault);
        }
    };
    match claimed {
        Claim::New => {}
        Claim::Existing(job) => {
            return match job.refusal() {
                Some(refusal) => Err(refusal.again().about(job.id)),
                None => Ok(*job),
            };
        }
        Claim::Mismatch => {
            let message = "this idempotency key was used before with another request";
            return Err(Fault::new(FaultClass::IdempotencyMismatch, message));
        }
    }

    match converse(conversation.as_mut(), sender, config.provider_timeout, deadline).await {
        Asked::Accepted(event) | Asked::Unknown(event) => Ok(record(records, job, event).await),
        Asked::Refused(fault) => {
            let event = Event::Refused { error: fault.remembered(OffsetDateTime::now_utc()) };
            record(records, job, event).await;
            if let (true, Some(key)) = (fault.retryable(), &key) {
                // The caller is told to come back, and then shall find the way free.
                if let Err(e) = records.free_key(key, id).await {
                    e.log("the idempotency key of a refused job stays taken");
                }
            }
            Err(fault.about(id))
        }
    }
}

/// Claims the job. A key may still be held by a job that was refused only for the moment, when freeing it
/// failed: its caller was told to come back, so the key is freed now.
async fn claim(records: &Records, job: &Job, key: Option<&IdempotencyKey>) -> Result<Claim, Fault> {
    let claim = records.claim(job, key, OffsetDateTime::now_utc()).await?;
    let (Claim::Existing(before), Some(key)) = (&claim, key) else { return Ok(claim) };
    if !before.refusal().is_some_and(|refusal| refusal.class.retryable()) {
        return Ok(claim);
    }
    records.free_key(key, before.id).await?;
    records.claim(job, Some(key), OffsetDateTime::now_utc()).await
}

/// Undoes a claim that the table may have taken without our hearing of it. Left alone, its key would answer
/// every retry with a job that the provider is never asked for.
async fn undo(records: &Records, id: JobId, key: Option<&IdempotencyKey>, why: &Fault) {
    let now = OffsetDateTime::now_utc();
    let error = why.remembered(now);
    match records.apply(id, &Event::Refused { error }, now).await {
        Ok(_) => {}
        // The usual case: nothing was written.
        Err(fault) if fault.class == FaultClass::NotFound => return,
        Err(fault) => fault.log("a claim that may have been written is not undone"),
    }
    if let Some(key) = key
        && let Err(fault) = records.free_key(key, id).await
    {
        fault.log("the key of a claim that may have been written stays taken");
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

/// How asking the provider ended.
enum Asked {
    Accepted(Event),
    Unknown(Event),
    Refused(Fault),
}

async fn converse(
    conversation: &mut dyn Conversation,
    sender: &Sender,
    timeout: Duration,
    deadline: OffsetDateTime,
) -> Asked {
    let mut step = conversation.start();
    loop {
        let request = match step {
            Step::Send(request) => request,
            Step::SendAfter { wait, request, otherwise } => {
                if wait + RESERVE >= left(deadline) {
                    return Asked::Refused(otherwise);
                }
                tokio::time::sleep(wait).await;
                request
            }
            Step::Accepted(ticket) => return Asked::Accepted(Event::Accepted { ticket }),
            Step::OutcomeUnknown(fault) => {
                fault.log("the provider may or may not have taken the work");
                return Asked::Unknown(Event::OutcomeUnknown {
                    error: fault.remembered(OffsetDateTime::now_utc()),
                });
            }
            Step::Refused(fault) => return Asked::Refused(fault),
        };
        let timeout = timeout.min(left(deadline).saturating_sub(RESERVE)).max(Duration::from_millis(100));
        let answer: Answer = sender.send(request, timeout).await.map_err(|unanswered| match unanswered {
            Unanswered::NotSent => SendFailure::NotSent,
            Unanswered::MaybeSent => SendFailure::MaybeSent,
        });
        step = conversation.answered(answer);
    }
}

fn left(deadline: OffsetDateTime) -> Duration {
    Duration::try_from(deadline - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO)
}

/// Records what came of asking. If the table does not take it, the caller is told all the same: the provider
/// has been asked, so an error here would invite a second request, and the callback settles the record.
async fn record(records: &Records, mut job: Job, event: Event) -> Job {
    let now = OffsetDateTime::now_utc();
    match records.apply(job.id, &event, now).await {
        Ok((job, _)) => job,
        Err(fault) => {
            fault.log("what came of asking the provider is not recorded");
            job.apply(event, now);
            job
        }
    }
}
